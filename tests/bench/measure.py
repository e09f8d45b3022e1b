"""Side by side: each pair runs both sides in turn, and what is stated is the median of the pairs with their range."""

import os
import platform
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

MIB = 1 << 20


@dataclass(frozen=True)
class Spread:
    """The median of some figures, the lowest and the highest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, figures: list[float]) -> "Spread":
        return cls(statistics.median(figures), min(figures), max(figures))

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f} to {self.high:.2f})"


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that `work` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def pairs(count: int, ours: Callable[[], float], theirs: Callable[[], float]) -> list[tuple[float, float]]:
    """Run both sides in turn, a warm-up pair first; return each pair's figures."""
    found = []
    for number in range(count + 1):
        pair = ours(), theirs()
        print(f"  pair {number or 'to warm up'}: {pair[0]:.3f} against {pair[1]:.3f}", flush=True)
        found.append(pair)
    return found[1:]


def bare_ffmpeg(video: Path, folder: Path, name: str = "bare") -> float:
    """Return the seconds of the plain command that anybody would type."""
    target = folder / f"{name}.mp3"
    command = ["ffmpeg", "-v", "error", "-y", "-i", str(video), "-vn", "-c:a", "libmp3lame", "-q:a", "2", str(target)]
    return timed(lambda: subprocess.run(command, check=True, stdin=subprocess.DEVNULL))


def bare_ffmpegs(videos: Iterable[Path], folder: Path, workers: int) -> float:
    """Return the seconds of the plain command over all videos, `workers` at a time."""

    def run(numbered: tuple[int, Path]) -> None:
        bare_ffmpeg(numbered[1], folder, f"bare-{numbered[0]}")

    def all_of_them() -> None:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(run, enumerate(videos)))

    return timed(all_of_them)


def machine() -> str:
    """Return one line on what this ran on."""
    cpu = Path("/proc/cpuinfo").read_text().splitlines()
    model = next(line.split(":")[1].strip() for line in cpu if line.startswith("model name"))
    memory = psutil.virtual_memory().total / (1 << 30)
    ffmpeg = subprocess.run(["ffmpeg", "-version"], check=True, capture_output=True, text=True).stdout.split()[2]
    return (
        f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB, Linux {platform.release()}, "
        f"Python {platform.python_version()}, ffmpeg {ffmpeg}"
    )


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
