"""The minimum data rate of a request body: without one, a slow client could occupy a thread indefinitely."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Self

MIN_BYTES_PER_WINDOW, WINDOW_SECONDS = 30 * 1024, 30  # on average 1 KiB a second
CHECK_INTERVAL_SECONDS = 1

BYTES_RECEIVED = slice(128, 136)  # `tcpi_bytes_received` in the kernel's struct tcp_info


class RateMonitor:
    """Watches a connection from a thread of its own, and shuts it down for reading when its client is too slow.

    `read(n)` blocks until n bytes have arrived and the socket timeout restarts on every byte, so neither detects a
    slow client. The kernel counts the bytes that have arrived, so this reads the kernel's count once a second.
    """

    def __init__(self, connection: socket.socket, request_start: float) -> None:
        """Watch `connection`, whose request began at `request_start`, in seconds of `time.monotonic()`.

        A request may be queued until a thread is free. The bytes that its client sends meanwhile have arrived by then,
        so a client that sent too few while it was queued gets no second window.
        """
        self.too_slow = False
        self._connection = connection
        self._request_start = request_start
        self._reading_since: float | None = request_start  # None while the server does not wait for the client
        self._lock = Lock()
        self._finished = Event()

    def __enter__(self) -> Self:
        Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._finished.set()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Count the block's time against the client; the server's own work between two reads does not count."""
        self._reading_since = self._reading_since or time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                self._reading_since = None

    def _watch(self) -> None:
        window_start, received_before = self._request_start, 0
        with suppress(OSError):  # the connection is closed: the reader gets that error itself
            while not self._finished.wait(CHECK_INTERVAL_SECONDS):
                with self._lock:
                    now, received = time.monotonic(), self.bytes_received()
                    if (
                        self._reading_since is None
                        or self._reading_since > window_start
                        or received >= received_before + MIN_BYTES_PER_WINDOW
                        or not received  # a kernel without this count says 0, though a request's head has arrived
                    ):
                        window_start, received_before = now, received
                    elif now - window_start >= WINDOW_SECONDS:
                        self.too_slow = True
                        self._connection.shutdown(socket.SHUT_RD)
                        return

    def bytes_received(self) -> int:
        """Return how many bytes the connection has received, 0 if the kernel does not count them.

        Raises OSError if the connection is closed.
        """
        info = self._connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, BYTES_RECEIVED.stop)
        return int.from_bytes(info[BYTES_RECEIVED], "little")
