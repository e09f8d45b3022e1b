"""The figures of a whole run, written into README.md."""

import statistics
from collections import Counter
from pathlib import Path

from tests.hostile.families import FAMILIES
from tests.hostile.product import Outcome
from tests.support import figures
from tests.support.processes import MIB

HEAD = ["family", "files", "ended well of two each", "ends", "seconds: median, longest", "peak of convert, MiB"]


def write(outcomes: dict[tuple[str, str], Outcome]) -> None:
    """Write the outcomes of each family's files, by family and title."""
    rows = []
    for family, cases in FAMILIES.items():
        titles = [title for case in cases for title in (case.title, case.heaviest().title)]
        of_it = [outcomes[family, title] for title in titles if (family, title) in outcomes]
        rows.append(_row(family, len(cases), of_it))
    rows.append(_row("**all**", sum(map(len, FAMILIES.values())), list(outcomes.values())))
    slowest = sorted(outcomes, key=lambda key: -outcomes[key].seconds)[:5]
    slow = "; ".join(f"{title}, {outcomes[family, title].seconds:.0f} s" for family, title in slowest)
    lines = [*figures.table(HEAD, rows), "", f"The longest: {slow}."]
    figures.write("make test-hostile-long", lines, Path(__file__).with_name("README.md"))


def _row(family: str, files: int, outcomes: list[Outcome]) -> list[object]:
    if not outcomes:
        return [family, files, 0, "", "", ""]
    ends = ", ".join(f"{count} {end}" for end, count in Counter(outcome.end for outcome in outcomes).most_common())
    seconds = [outcome.seconds for outcome in outcomes]
    times = f"{statistics.median(seconds):.1f}, {max(seconds):.0f}"
    peak = max(outcome.peak for outcome in outcomes) / MIB
    return [family, files, len(outcomes), ends, times, f"{peak:.0f}"]
