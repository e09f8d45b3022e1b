"""How slowly a body may come: who sends a byte now and then would keep a thread for as long as they like."""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Self

LEAST, WINDOW = 30 * 1024, 30  # bytes, seconds: on average 1 KiB a second
LOOK = 1  # seconds

BYTES_RECEIVED = slice(128, 136)  # of the kernel's struct tcp_info: `tcpi_bytes_received`
STATED = re.compile(r"t=(\d{1,12}(\.\d{1,6})?)")  # of X-Request-Start, as the gateway writes it


class Pace:
    """Watches a connection while somebody waits for its bytes, and ends what they read when too few come.

    A read of the server's returns when all that was asked for is there, and its socket waits for a single byte, so
    neither knows. The kernel counts what arrives.
    """

    def __init__(self, connection: socket.socket, began: float) -> None:
        self.too_slow = False
        self._connection = connection
        self._began = began
        self._waiting: float | None = began  # since when
        self._lock = Lock()
        self._over = Event()

    def __enter__(self) -> Self:
        Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count the time within as the client's; what else the server does is not held against them."""
        self._waiting = self._waiting or time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                self._waiting = None

    def _watch(self) -> None:
        mark, at_mark = self._began, 0
        with suppress(OSError):  # whoever reads learns by themselves that the connection is gone
            while not self._over.wait(LOOK):
                with self._lock:
                    now, received = time.monotonic(), self._received()
                    # A kernel that does not count says 0, though a head must have come.
                    if self._waiting is None or self._waiting > mark or received >= at_mark + LEAST or not received:
                        mark, at_mark = now, received
                    elif now - mark >= WINDOW:
                        self.too_slow = True
                        self._connection.shutdown(socket.SHUT_RD)
                        return

    def _received(self) -> int:
        info = self._connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, BYTES_RECEIVED.stop)
        return int.from_bytes(info[BYTES_RECEIVED], "little")


def began(stated: str | None) -> float:
    """Return when a request reached the gateway, by `time.monotonic()`, as its `X-Request-Start` states, or now.

    A request may wait for a thread. What its client sends meanwhile waits too, and has arrived when the thread is free,
    so who sent too little in that time need not be listened to for as long again.
    """
    now, found = time.monotonic(), STATED.fullmatch(stated or "")
    return now - max(0.0, time.time() - float(found[1])) if found else now
