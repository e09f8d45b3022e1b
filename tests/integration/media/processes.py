"""A function's processes, and how much memory they take."""

import re
from pathlib import Path

import psutil

from scripts.local.supervision import Supervisor


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
