"""Keeps a resumable upload for its writer, as long as the writer's client sends."""

from contextlib import suppress
from threading import Event, Thread
from types import TracebackType
from typing import Self

from functions.shared.mongo import AWAY
from functions.shared.uploads import Hold, HoldLost
from functions.upload.pace import RateMonitor

RENEW_SECONDS = 2  # a third of the hold


class Heartbeat:
    """Renews a hold from a thread of its own, unless nothing has arrived since the last time.

    A client that has lost its network continues on another connection, while nobody has closed the first one. The hold
    of a connection that has become silent ends, so that the client does not have to wait for the minimum data rate.
    """

    def __init__(self, hold: Hold, monitor: RateMonitor) -> None:
        self._hold = hold
        self._monitor = monitor
        self._over = Event()

    def __enter__(self) -> Self:
        Thread(target=self._beat, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()

    def _beat(self) -> None:
        before = 0
        with suppress(OSError, HoldLost):  # the writer itself learns of both
            while not self._over.wait(RENEW_SECONDS):
                received = self._monitor.bytes_received()
                if received > before or not received:  # a kernel without this count says 0
                    with suppress(*AWAY):
                        self._hold.renew()
                before = received
