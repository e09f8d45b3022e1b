"""The figures of a whole run, written into README.md."""

import statistics
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.measure import MIB, machine
from tests.hostile.families import FAMILIES
from tests.hostile.product import Outcome

README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- figures: written by make hostile -->\n", "<!-- end of what make hostile wrote -->\n"


def write(outcomes: dict[tuple[str, str], Outcome]) -> None:
    """Write what became of each family's files, by family and title."""
    rows = []
    for family, cases in FAMILIES.items():
        of_it = [outcomes[family, case.title] for case in cases if (family, case.title) in outcomes]
        rows.append(_row(family, len(cases), of_it))
    rows.append(_row("**all**", sum(map(len, FAMILIES.values())), list(outcomes.values())))
    slowest = sorted(outcomes, key=lambda key: -outcomes[key].seconds)[:5]
    slow = "; ".join(f"{title}, {outcomes[family, title].seconds:.0f} s" for family, title in slowest)
    text = f"{datetime.now(UTC):%Y-%m-%d}, {machine()}.\n\n"
    text += "| family | files | ended well | ends | seconds: median, longest | peak of convert, MiB |\n"
    text += "|---|---|---|---|---|---|\n"
    text += "\n".join(rows) + f"\n\nThe longest: {slow}.\n\n"
    before, _, rest = README.read_text().partition(BEGIN)
    README.write_text(f"{before}{BEGIN}\n{text}{END}{rest.partition(END)[2]}")


def _row(family: str, files: int, outcomes: list[Outcome]) -> str:
    if not outcomes:
        return f"| {family} | {files} | 0 | | | |"
    ends = ", ".join(f"{count} {end}" for end, count in Counter(outcome.end for outcome in outcomes).most_common())
    seconds = [outcome.seconds for outcome in outcomes]
    times = f"{statistics.median(seconds):.1f}, {max(seconds):.0f}"
    peak = max(outcome.peak for outcome in outcomes) / MIB
    return f"| {family} | {files} | {len(outcomes)} | {ends} | {times} | {peak:.0f} |"
