"""The figures of each long run, written into README.md: its last one stands there."""

import re
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos.verdict import Verdict
from tests.support import figures

README = Path(__file__).with_name("README.md")
COMMAND = "make test-chaos-long"
HEAD = [
    "run",
    "date",
    "uploads",
    "kills",
    "retried",
    "lost",
    "duplicates",
    "duplicate mails",
    "dead letters",
    "orphans: before, after the sweep",
    "seconds to the last end, the last mail",
]


def write(run: str, verdict: Verdict, detail: str = "") -> None:
    """Write the run's row, and the detail below the table, in the place of an earlier run's."""
    old = figures.read(COMMAND, README)
    rows = _lines(old, r"^\| ([^|]+?) \| 2.*$") | {run: _row(run, verdict)}
    details = _lines(old, r"^- ([^:]+): .*$") | {run: detail and f"- {run}: {detail}"}
    lines = [*figures.table(HEAD, []), *rows.values(), "", *filter(None, details.values())]
    figures.write(COMMAND, lines, README)


def _lines(text: str, pattern: str) -> dict[str, str]:
    return {match[1]: match[0] for match in re.finditer(pattern, text, re.MULTILINE)}


def _row(run: str, verdict: Verdict) -> str:
    cells = [
        run,
        f"{datetime.now(UTC):%Y-%m-%d}",
        verdict.uploads,
        verdict.kills,
        verdict.refused,
        verdict.lost,
        verdict.doubled,
        verdict.doubled_mails,
        verdict.dead,
        f"{verdict.orphans}, {verdict.left}",
        f"{verdict.final:.0f}, {verdict.quiet:.0f}",
    ]
    return figures.row(cells)
