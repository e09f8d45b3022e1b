"""A function's processes, and how much memory they take."""

import re
import threading
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
    """Return the bytes that the process has in memory."""
    return int(process.memory_info().rss)


def peak_memory(process: psutil.Process) -> int:
    """Return the most bytes that the process has ever had in memory."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


class Peaks:
    """The highest resident memory of each named process with its children, in bytes, while the block runs.

    Sampled every 20 ms, pages shared between the processes of a tree counted once (PSS).
    """

    def __init__(self, pids: dict[str, int]) -> None:
        self.idle = {name: _memory(pid) for name, pid in pids.items()}
        self.peak = dict(self.idle)
        self._pids = pids
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

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            for name, pid in self._pids.items():
                self.peak[name] = max(self.peak[name], _memory(pid))


def _memory(pid: int) -> int:
    tree = [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    return sum(_pss(member) for member in tree)


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):  # it ended between the two looks
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
