"""Figures in a README: those of each command are between two marks, its tables are Markdown."""

import os
import platform
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import psutil

from functions.convert.binary import FFMPEG


def machine() -> str:
    """Return one line that describes the machine."""
    cpu = Path("/proc/cpuinfo").read_text().splitlines()
    model = next(line.split(":")[1].strip() for line in cpu if line.startswith("model name"))
    memory = psutil.virtual_memory().total / (1 << 30)
    ffmpeg = subprocess.run([FFMPEG, "-version"], check=True, capture_output=True, text=True).stdout.split()[2]
    return (
        f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB, Linux {platform.release()}, "
        f"Python {platform.python_version()}, ffmpeg {ffmpeg}"
    )


def row(cells: Iterable[object]) -> str:
    """Return a table's row; a cell is one line, and its pipes are escaped."""
    texts = (" ".join(str(cell).split()).replace("|", r"\|") for cell in cells)
    return f"| {' | '.join(texts)} |"


def table(head: Iterable[object], rows: Iterable[Iterable[object]]) -> list[str]:
    """Return the table's lines; raise ValueError for a row that has not as many cells as the head."""
    titles = list(head)
    found = [list(cells) for cells in rows]
    for cells in found:
        if len(cells) != len(titles):
            raise ValueError(f"a row has {len(cells)} cells, the head {len(titles)}: {cells}")
    return [row(titles), "|" + "---|" * len(titles), *map(row, found)]


def write(command: str, lines: list[str], readme: Path) -> None:
    """Replace the text that the command wrote last; raise ValueError, and change nothing, without its two marks."""
    start, end = _marks(command)
    head, _, tail = _parts(command, readme)
    figures = "\n".join([start, f"\n{datetime.now(UTC):%Y-%m-%d}, {machine()}.\n", *lines, "", end])
    readme.write_text(head + figures + tail)


def read(command: str, readme: Path) -> str:
    """Return the text that the command wrote last; raise ValueError without its two marks."""
    return _parts(command, readme)[1]


def _marks(command: str) -> tuple[str, str]:
    return f"<!-- figures: written by {command} -->", f"<!-- end of what {command} wrote -->"


def _parts(command: str, readme: Path) -> tuple[str, str, str]:
    """Return the text before the marks, between them and after them."""
    start, end = _marks(command)
    head, found_start, rest = readme.read_text().partition(start)
    figures, found_end, tail = rest.partition(end)
    if not (found_start and found_end):
        raise ValueError(f"{readme} needs the lines `{start}` and `{end}`, in this order: the figures go between them")
    return head, figures, tail
