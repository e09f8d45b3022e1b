"""docs/options.md, compared with the options that there are."""

import re
import shlex
from itertools import pairwise
from urllib.parse import parse_qsl, urlsplit

import pytest

from functions.convert import tracks
from functions.convert.id3 import MAX_CHAPTERS, MAX_COVER_BYTES
from functions.convert.span import SEEK_FROM, Ends, Measure
from functions.convert.streams import Layout, Stream
from functions.shared.job.document import Reason
from functions.shared.job.options import BITRATES, OPTIONS, RATES, Options
from scripts.local.supervision import REPOSITORY

PAGE = (REPOSITORY / "docs/options.md").read_text()
EXAMPLES = re.findall(r"^curl .*$", PAGE, re.MULTILINE)


def given(example: str) -> list[tuple[str, str]]:
    """Return the options of a command, from its form fields and its query."""
    words = shlex.split(example)
    fields = [field.split("=", 1) for flag, field in pairwise(words) if flag in {"-F", "--form-string"}]
    query = parse_qsl(urlsplit(words[-1]).query, keep_blank_values=True)
    return [(name, value) for name, value in (*fields, *query) if name not in {"file", "name"}]


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_is_accepted(example: str) -> None:
    asked = given(example)
    assert asked
    assert set(Options.parse(asked).words()) == {name for name, _ in asked}


def test_each_option_has_an_example_and_a_row() -> None:
    assert {name for example in EXAMPLES for name, _ in given(example)} == set(OPTIONS)
    rows = "".join(line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| ["))
    assert sorted(re.findall(r"`(\w+)`", rows)) == sorted(OPTIONS)


def test_page_names_every_value_and_limit() -> None:
    assert all(f"`{value}`" in PAGE for value in (*BITRATES, *RATES, "mono", "stereo"))
    assert f"beyond {SEEK_FROM} s" in PAGE
    assert f"{MAX_COVER_BYTES / 1_000_000:.0f} MB" in PAGE
    assert f"at most {MAX_CHAPTERS:,}." in PAGE


def test_page_quotes_the_reasons_of_convert() -> None:
    ends = Ends(9, None)
    ends.measured(Measure.END, "", (), 8)
    german = Stream(0, 1, "aac", "ger", frozenset(), Layout(48_000, "stereo"))
    english = Stream(0, 0, "ac3", "eng", frozenset(), Layout(48_000, "5.1(side)"))
    prose = " ".join(PAGE.split())
    for reason in (ends.span(), tracks.missing("fr", [english, german])):
        assert isinstance(reason, Reason)
        assert f"`{reason.code}`" in prose
        assert f'"{reason.message}"' in prose
