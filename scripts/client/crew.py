"""Does the same with many things, several at a time."""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

from .failures import Failure, Kind
from .retrying import Stop

T = TypeVar("T")
R = TypeVar("R")
THREADS = 8
# If one thing fails so, all others would.
FATAL = {Kind.LOGIN, Kind.NETWORK, Kind.INTERRUPTED}


class Crew(Generic[T, R]):
    """Threads that do `work`. They are daemons: one that waits for the network does not keep the program."""

    def __init__(self, work: Callable[[T], R], stop: Stop) -> None:
        self._work = work
        self._stop = stop
        self._over = threading.Event()
        self._waiting: queue.SimpleQueue[T] = queue.SimpleQueue()
        self._ended: queue.SimpleQueue[tuple[T, R | Failure]] = queue.SimpleQueue()
        self._error: BaseException | None = None

    def each(self, things: Sequence[T]) -> Iterator[tuple[T, R | Failure]]:
        """Yield each thing with its result or failure, as they end; after a fatal failure no other one is begun.

        KeyboardInterrupt and GeneratorExit stop all threads.
        """
        for thing in things:
            self._waiting.put(thing)
        threads = [threading.Thread(target=self._run, daemon=True) for _ in range(min(THREADS, len(things)))]
        try:
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads) or not self._ended.empty():
                try:
                    yield self._ended.get(timeout=0.1)
                except queue.Empty:
                    continue
        finally:
            self._over.set()
            self._stop.set()
        if self._error:
            raise self._error

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                thing = self._waiting.get_nowait()
            except queue.Empty:
                return
            self._ended.put((thing, self._result(thing)))

    def _result(self, thing: T) -> R | Failure:
        try:
            return self._work(thing)
        except Failure as failure:
            if failure.kind in FATAL:
                self._over.set()
            return failure
        except BaseException as error:  # noqa: BLE001  # the caller raises it
            self._error = error
            self._over.set()
            return Failure(Kind.SERVICE, str(error))
