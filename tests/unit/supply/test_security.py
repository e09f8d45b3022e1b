"""SECURITY.md, as far as it can be held against what there is."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
THREATS, LIMITS = (ROOT / "SECURITY.md").read_text().split("## Limits")
LINK = re.compile(r"\]\(([^)]+)\)")


def rows(table: str) -> list[list[str]]:
    """Return the cells of each row, without the table's two head lines."""
    lines = [line for line in table.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("threat", rows(THREATS), ids=lambda threat: threat[0].replace(" ", "-"))
def test_every_defence_is_shown_by_tests_that_there_are(threat: list[str]) -> None:
    """Each row of the threat model names one or more of them."""
    shown_by = LINK.findall(threat[2])
    assert shown_by
    assert [test for test in shown_by if not (test.startswith("tests/") and (ROOT / test).is_file())] == []


@pytest.mark.parametrize("limit", rows(LIMITS), ids=lambda limit: limit[0].replace(" ", "-"))
def test_every_limit_is_what_the_code_says(limit: list[str]) -> None:
    """Each file that a limit's row names has each of its words, to the last digit."""
    files, words = LINK.findall(limit[2]), re.findall(r"`([^`]+)`", limit[3])
    assert files
    assert words
    missing = [
        (file, word)
        for file in files
        for word in words
        if not re.search(rf"(?<!\w){re.escape(word)}(?![\w.])", (ROOT / file).read_text())
    ]
    assert missing == []
