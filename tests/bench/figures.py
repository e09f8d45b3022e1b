"""Where figures are kept: in a README, this folder's or another, each command's between two marks of its own."""

from datetime import UTC, datetime
from pathlib import Path

from tests.bench.measure import machine

README = Path(__file__).parent / "README.md"


def write(command: str, lines: list[str], readme: Path = README) -> None:
    """Replace what the command wrote the last time."""
    start, end = f"<!-- figures: written by {command} -->", f"<!-- end of what {command} wrote -->"
    head, _, rest = readme.read_text().partition(start)
    tail = rest.partition(end)[2]
    figures = "\n".join([start, f"\n{datetime.now(UTC):%Y-%m-%d}, {machine()}.\n", *lines, "", end])
    readme.write_text(head + figures + tail)
