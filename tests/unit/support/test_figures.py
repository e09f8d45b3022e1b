"""The writer of the figures in a README."""

from pathlib import Path

import pytest

from tests.support import figures

START, END = "<!-- figures: written by make x -->", "<!-- end of what make x wrote -->"
OTHER = "<!-- figures: written by make y -->\ny's figures\n<!-- end of what make y wrote -->"


@pytest.fixture
def readme(tmp_path: Path) -> Path:
    return tmp_path / "README.md"


def test_figures_replace_those_of_the_same_command_only(readme: Path) -> None:
    """The text around the marks and another command's figures stay."""
    readme.write_text(f"head\n{START}\nold\n{END}\nmiddle\n{OTHER}\ntail\n")
    for number in range(2):
        figures.write("make x", [f"run {number}"], readme)
    text = readme.read_text()
    assert text.startswith(f"head\n{START}\n")
    assert text.endswith(f"{END}\nmiddle\n{OTHER}\ntail\n")
    assert "run 1" in figures.read("make x", readme)
    assert "old" not in text
    assert "run 0" not in text


@pytest.mark.parametrize(
    "text", ["head\n", f"head\n{START}\nold\nrest\n", f"head\nold\n{END}\nrest\n", f"head\n{END}\n{START}\nrest\n"]
)
def test_readme_without_both_marks_is_not_changed(readme: Path, text: str) -> None:
    """The error names the missing lines, and no text is lost."""
    readme.write_text(text)
    for call in (lambda: figures.write("make x", ["new"], readme), lambda: figures.read("make x", readme)):
        with pytest.raises(ValueError, match="needs the lines"):
            call()
    assert readme.read_text() == text


def test_table_is_markdown() -> None:
    """A cell with line breaks or pipes stays one cell of one line."""
    assert figures.table(["what", "measured"], [["a|b", 1], ["two\nlines", ""]]) == [
        "| what | measured |",
        "|---|---|",
        r"| a\|b | 1 |",
        "| two lines |  |",
    ]


@pytest.mark.parametrize("cells", [["one"], ["one", "two", "three"]])
def test_row_of_another_width_is_refused(cells: list[str]) -> None:
    with pytest.raises(ValueError, match="cells"):
        figures.table(["what", "measured"], [cells])
