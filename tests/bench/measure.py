"""Side-by-side measurement: each round runs all sides in turn; the result is median and range of the rounds."""

import statistics
import subprocess
import time
from collections.abc import Callable
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


def rounds(count: int, *sides: Callable[[], float], warm: bool = True) -> list[tuple[float, ...]]:
    """Run all sides in turn, after a round to warm up; return the figures of each round."""
    found = []
    for number in range(1 - warm, count + 1):
        figures = tuple(side() for side in sides)
        print(f"  {number or 'to warm up'}: {' against '.join(f'{figure:.3f}' for figure in figures)}", flush=True)
        found.append(figures)
    return found[warm:]


@dataclass(frozen=True)
class Bare:
    """What anybody would type: a plain ffmpeg command, by a program of one's choice."""

    ffmpeg: str
    folder: Path
    audio: tuple[str, ...] = ("-c:a", "libmp3lame", "-q:a", "2")

    def seconds(self, *videos: Path) -> float:
        """Return the seconds that the command takes for all videos, two at a time."""

        def run(numbered: tuple[int, Path]) -> None:
            number, video = numbered
            source, target = ["-i", str(video)], str(self.folder / f"bare-{number}.mp3")
            command = [self.ffmpeg, "-v", "error", "-y", *source, "-vn", *self.audio, target]
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL)

        def all_of_them() -> None:
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(run, enumerate(videos)))

        return timed(all_of_them)
