"""Figures in a README: those of each command are between two marks."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import psutil


def machine() -> str:
    """Return one line that describes the machine."""
    cpu = Path("/proc/cpuinfo").read_text().splitlines()
    model = next(line.split(":")[1].strip() for line in cpu if line.startswith("model name"))
    memory = psutil.virtual_memory().total / (1 << 30)
    ffmpeg = subprocess.run(["ffmpeg", "-version"], check=True, capture_output=True, text=True).stdout.split()[2]
    return (
        f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB, Linux {platform.release()}, "
        f"Python {platform.python_version()}, ffmpeg {ffmpeg}"
    )


def write(command: str, lines: list[str], readme: Path) -> None:
    """Replace the text that the command wrote last."""
    start, end = _marks(command)
    head, _, tail = _parts(command, readme)
    figures = "\n".join([start, f"\n{datetime.now(UTC):%Y-%m-%d}, {machine()}.\n", *lines, "", end])
    readme.write_text(head + figures + tail)


def read(command: str, readme: Path) -> str:
    """Return the text that the command wrote last."""
    return _parts(command, readme)[1]


def _marks(command: str) -> tuple[str, str]:
    return f"<!-- figures: written by {command} -->", f"<!-- end of what {command} wrote -->"


def _parts(command: str, readme: Path) -> tuple[str, str, str]:
    """Return the text before the marks, between them and after them."""
    start, end = _marks(command)
    head, _, rest = readme.read_text().partition(start)
    figures, _, tail = rest.partition(end)
    return head, figures, tail
