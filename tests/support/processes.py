"""A function's processes and their memory."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from scripts.local.supervision import Supervisor

MIB = 1 << 20


def main_process(supervisor: Supervisor, url: str) -> psutil.Process:
    """Return gunicorn's main process of the function at `url`."""
    return psutil.Process(next(process.pid for process in supervisor.processes() if process.address == url))


def worker(supervisor: Supervisor, url: str) -> psutil.Process:
    """Return the process that answers at `url`."""
    (found,) = main_process(supervisor, url).children()
    return found


def memory(process: psutil.Process) -> int:
    """Return the resident memory of the process in bytes."""
    return int(process.memory_info().rss)


def peak_memory(process: psutil.Process) -> int:
    """Return the highest resident memory of the process in bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


def forget_peak(process: psutil.Process) -> None:
    """Let `peak_memory` begin anew at the current memory (proc(5), clear_refs)."""
    Path(f"/proc/{process.pid}/clear_refs").write_text("5")


class Peaks:
    """The highest memory of each named process with its children, in bytes, while the block runs.

    Sampled every 20 ms and at the end; a page that several processes of a tree share is counted once (PSS). `idle` is
    the memory at the start, `peak` the highest. Raises ProcessLookupError if a named process is not running, at the
    start or at the end of the block, where it raises any other error of the sampler too: a peak that was not measured
    must not look low.
    """

    def __init__(self, pids: dict[str, int]) -> None:
        self.idle = {name: self._memory(pid) for name, pid in pids.items()}
        self.peak = dict(self.idle)
        self._pids = pids
        self._error: Exception | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        if self._error and error is None:  # an error of the block itself comes first
            raise self._error

    def look(self, pid: int) -> None:
        """Called with each process of a tree at each sample; subclasses may record more."""

    def _watch(self) -> None:
        try:
            over = False
            while not over:
                over = self._over.wait(0.02)
                for name, pid in self._pids.items():
                    self.peak[name] = max(self.peak[name], self._memory(pid))
        except Exception as error:  # noqa: BLE001  # the block's thread raises it
            self._error = error

    def _memory(self, pid: int) -> int:
        members = list(tree(pid))
        for member in members:
            self.look(member)
        own, *others = map(_pss, members)
        if not own:
            raise ProcessLookupError(f"process {pid} is not running: its memory cannot be measured")
        return own + sum(others)


def tree(pid: int) -> Iterator[int]:
    """Yield a process, its children and theirs, as far as they exist."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in read(task).split():
            yield from tree(int(child))


def read(path: Path) -> str:
    """Return a text below /proc, "" if its process has ended."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _pss(pid: int) -> int:
    lines = read(Path(f"/proc/{pid}/smaps_rollup")).splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
