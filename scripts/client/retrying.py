"""When to try again what has failed, and when to stop trying."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from .failures import Failure, Interrupted, Kind, Temporary

FIRST_SECONDS, MOST_SECONDS = 0.5, 30.0  # between two attempts without a word from the service


class Stop:
    """Tells all threads to stop."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        self._event.set()

    def check(self) -> None:
        if self._event.is_set():
            raise Interrupted

    def wait(self, seconds: float) -> None:
        """Wait; raise Interrupted as soon as the threads have to stop."""
        if self._event.wait(seconds):
            raise Interrupted


@dataclass(frozen=True)
class Patience:
    """How many seconds to try for without progress, and to wait for because a limit is exceeded, all waits together."""

    seconds: float
    limit_seconds: float


COMMAND = Patience(20, 20)
TRANSFER = Patience(900, 24 * 3600)


class Retrying:
    """Waits before each attempt after the first one."""

    def __init__(self, patience: Patience, stop: Stop, tell: Callable[[float, Failure], None] | None = None) -> None:
        self._patience = patience
        self._stop = stop
        self._tell = tell
        self.progress()

    def progress(self) -> None:
        """Begin anew: something has worked."""
        self._attempts = 0
        self._limited = 0.0
        self._deadline = time.monotonic() + self._patience.seconds

    def wait(self, failure: Temporary) -> None:
        """Wait until the next attempt is due; raise the failure if that takes too long."""
        delay = failure.retry_after
        if delay is None:
            delay = min(MOST_SECONDS, FIRST_SECONDS * 2**self._attempts) * random.uniform(0.5, 1)  # noqa: S311  # jitter
        self._attempts += 1
        if failure.kind is Kind.BUSY:
            self._limited += delay
            self._deadline += delay
            if self._limited > self._patience.limit_seconds:
                raise failure
        elif time.monotonic() + delay > self._deadline:
            raise failure
        if self._tell:
            self._tell(delay, failure)
        self._stop.wait(delay)


def for_transfer(stop: Stop, tell: Callable[[float, Failure], None]) -> Retrying:
    """Return what retries an upload, a conversion or a download."""
    return Retrying(TRANSFER, stop, tell)
