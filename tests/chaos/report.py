"""The figures of a whole run, written into README.md."""

from datetime import UTC, datetime
from pathlib import Path

from tests.bench.measure import machine
from tests.chaos.verdict import Verdict

README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- figures: written by make chaos -->\n", "<!-- end of what make chaos wrote -->\n"
HEAD = """\
| run | uploads | kills | sent again | lost | doubled | mails doubled | dead letters | orphans: before, after | seconds to the last end, the last mail |
|---|---|---|---|---|---|---|---|---|---|
"""  # noqa: E501  # a table's head is one line


def write(verdicts: dict[str, Verdict], details: list[str]) -> None:
    """Write a row for each run, and the details below."""
    rows = "\n".join(_row(run, verdict) for run, verdict in verdicts.items())
    text = f"{datetime.now(UTC):%Y-%m-%d}, {machine()}.\n\n{HEAD}{rows}\n\n" + "".join(f"- {it}\n" for it in details)
    before, _, rest = README.read_text().partition(BEGIN)
    README.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}")


def _row(run: str, verdict: Verdict) -> str:
    figures = [
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
    return f"| {run} | {' | '.join(map(str, figures))} |"
