"""Side-by-side measurement: each pair runs both sides in turn; the result is median and range of the pairs."""

import statistics
import subprocess
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Spread:
    """Median, minimum and maximum of some figures."""

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
    """Return the seconds of a plain ffmpeg command."""
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
