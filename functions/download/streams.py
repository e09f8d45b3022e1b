"""How many MP3s are streamed at once, so that slow readers never occupy every thread, nor one user every stream."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from functions.download.errors import AllStreamsBusy, TooManyStreams


class Streams:
    """Counts the streams of this process, which has `threads` threads.

    Three quarters of the threads may stream, so that a quarter is left for other requests; one user gets a quarter.
    """

    def __init__(self, threads: int) -> None:
        self._max_streams = max(1, threads * 3 // 4)
        self._max_per_user = max(1, threads // 4)
        self._open: Counter[str] = Counter()
        self._lock = Lock()

    @contextmanager
    def of(self, user: str) -> Iterator[None]:
        """Count one stream of the user while the block runs; raise TooManyStreams or AllStreamsBusy without waiting."""
        with self._lock:
            if self._open[user] >= self._max_per_user:
                raise TooManyStreams(self._max_per_user)
            if self._open.total() >= self._max_streams:
                raise AllStreamsBusy
            self._open[user] += 1
        try:
            yield
        finally:
            with self._lock:
                self._open[user] -= 1
                self._open += Counter()  # forgets users without a stream
