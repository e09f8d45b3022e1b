"""SECURITY.md, compared with the tests that it names and with the limits in the code."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
THREATS, LIMITS = (
    (ROOT / "SECURITY.md").read_text().partition("\n## Threats\n")[2].split("\n## Notes for operators\n")[0],
    (ROOT / "SECURITY.md").read_text().partition("\n## Limits\n")[2],
)
LINK = re.compile(r"\]\(([^)]+)\)")
PARTS = re.compile(r"^- \*\*(Mitigation|Evidence|Residual risk)\*\*:", re.MULTILINE)


def sections(text: str) -> list[list[str]]:
    """Return each threat as its heading and its text."""
    return [section.split("\n", 1) for section in text.split("\n### ")[1:]]


def rows(table: str) -> list[list[str]]:
    """Return the cells of each row, without the table's two head lines."""
    lines = [line for line in table.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_there_are_threats_and_limits() -> None:
    """The tests below read these sections: a renamed heading must not leave them empty."""
    assert sections(THREATS)
    assert rows(LIMITS)


@pytest.mark.parametrize("threat", sections(THREATS), ids=lambda threat: threat[0].replace(" ", "-"))
def test_each_threat_names_mitigation_residual_risk_and_existing_tests(threat: list[str]) -> None:
    assert PARTS.findall(threat[1]) == ["Mitigation", "Evidence", "Residual risk"]
    evidence = LINK.findall(PARTS.split(threat[1])[4])
    assert evidence
    assert [test for test in evidence if not (test.startswith("tests/") and (ROOT / test).is_file())] == []


@pytest.mark.parametrize("limit", rows(LIMITS), ids=lambda limit: limit[0].replace(" ", "-"))
def test_each_limit_is_in_the_code(limit: list[str]) -> None:
    """Each file in a limit's row contains each of the row's values."""
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
