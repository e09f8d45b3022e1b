"""Keeps each program on a core of its own, while there are as many programs as cores.

ffmpeg's threads hand each frame on to the next one. On several cores, each hand-over wakes another core: 70,000 times
for five minutes of sound. That is worth its price only while a core would be idle otherwise.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

LIMIT = Path(
    "/sys/fs/cgroup/cpu.max"
)  # in a container: https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files

MOST = 8  # for one program: eight encoders need 200 MiB, and a container's limit may be that of a whole large machine


def _quota(limit: Path) -> int:
    """Return how many cores the container's CPU limit is, at least 1; many without a limit."""
    quota, period = limit.read_text().split() if limit.exists() else ("max", "")
    return max(1, int(quota) // int(period)) if quota != "max" else 1 << 10


class Cores:
    def __init__(self, limit: Path = LIMIT) -> None:
        self._cores = sorted(os.sched_getaffinity(0))
        self._quota = _quota(limit)
        self._programs: list[int] = []
        self._lock = Lock()

    @contextmanager
    def shared(self, program: int) -> Iterator[None]:
        """Let the program, a process id, have its share of the cores; the block ends before the process is reaped."""
        with self._lock:
            self._programs.append(program)
            self._place()
        try:
            yield
        finally:
            with self._lock:
                self._programs.remove(program)
                self._place()

    def free(self) -> int:
        """Return how many cores one of the programs may use, at most MOST: 1 if others run, as these need theirs."""
        return min(len(self._cores), self._quota, MOST) if len(self._programs) <= 1 else 1

    def _place(self) -> None:
        crowded = len(self._programs) >= len(self._cores)
        for number, program in enumerate(self._programs):
            cores = [self._cores[number % len(self._cores)]] if crowded else self._cores
            # It may have ended. Root without CAP_SYS_NICE may not place another user's process, which then stays where
            # it is.
            with suppress(OSError):
                for thread in Path(f"/proc/{program}/task").iterdir():  # the first one's are inherited
                    os.sched_setaffinity(int(thread.name), cores)
