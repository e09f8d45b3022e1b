"""A caller's words become options in one spelling, or are refused with what is allowed."""

import dataclasses
import json
import re

import pytest

from functions.shared.job.options import OPTIONS, OptionRefused, Options
from scripts.local.supervision import REPOSITORY

SPELLINGS = [
    ("quality", "source", "source"),
    ("quality", "0", "0"),
    ("quality", "112k", "112k"),
    ("channels", "mono", "mono"),
    ("sample_rate", "22050", "22050"),
    ("start", "90", "90"),
    ("start", "0090.500", "90.5"),
    ("start", "1:30.5", "90.5"),
    ("start", "90:00", "5400"),
    ("start", "1:02:03.004", "3723.004"),
    ("start", "-0:10", "-10"),
    ("end", "9999:59.9", "599999.9"),
    ("end", "99:59:59", "359999"),
    ("start", "-0.0", "0"),
    ("end", "100", "100"),
    ("loudness", "-16.0", "-16"),
    ("loudness", "-9.5", "-9.5"),
    ("track", "007", "7"),
    ("track", "pt-BR", "pt-br"),
    ("title", " Café, 映画 ", "Café, 映画"),
    ("title", "", ""),
    ("year", "1999", "1999"),
    ("year", "", ""),
    ("keep", "chapters,tags,tags", "tags,chapters"),
    ("keep", "", ""),
]
REFUSED = [
    ("quality", ["", "10", "-1", "128", "128K", "100k", "2\n", "best"]),
    ("channels", ["5.1", "Mono"]),
    ("sample_rate", ["8000", "44.1k"]),
    ("start", ["", "1:75", "1:2:75", "1:60:00", "--1", "1.2345", "1e3", "٣", " 1", "1000000", "nan"]),
    ("loudness", ["16", "-5.9", "-30.1", "-16 LUFS", "-16.05"]),
    ("track", ["-1", "1000", "d", "german", "de_DE"]),
    ("artist", ["a\nb", "a\0", "\ufffd", "a" * 1001, "\u2028"]),
    ("year", ["99", "20000", "2O00"]),
    ("keep", ["pictures", "tags;cover", "tags,"]),
]


@pytest.mark.parametrize(("name", "given", "spelled"), SPELLINGS)
def test_value_has_one_spelling(name: str, given: str, spelled: str) -> None:
    """Parsed again it stays as it is."""
    options = Options.parse([(name, given)])
    assert options.words() == {name: spelled}
    assert Options.parse(options.words().items()) == Options.of(options.words()) == options


@pytest.mark.parametrize(("name", "given"), [(name, given) for name, values in REFUSED for given in values])
def test_other_value_is_refused_with_what_is_allowed(name: str, given: str) -> None:
    with pytest.raises(OptionRefused) as refused:
        Options.parse([(name, given)])
    assert f"`{name}`" in str(refused.value)
    assert OPTIONS[name].takes in str(refused.value)
    assert str(refused.value).isprintable()


def test_unknown_option_is_refused_with_the_known_ones() -> None:
    with pytest.raises(OptionRefused, match=r"^There is no option `bitrate`\. The options are quality, .*, keep\.$"):
        Options.parse([("bitrate", "128k")])


def test_option_is_given_once() -> None:
    with pytest.raises(OptionRefused, match="`track` is given twice"):
        Options.parse([("track", "1"), ("track", "1")])


@pytest.mark.parametrize(("start", "end"), [("10", "10"), ("10", "9.999"), ("-5", "-5"), ("-5", "-10"), ("0", "0")])
def test_end_that_is_not_behind_the_start_is_refused(start: str, end: str) -> None:
    with pytest.raises(OptionRefused, match="must be behind"):
        Options.parse([("start", start), ("end", end)])


@pytest.mark.parametrize(("start", "end"), [("10", "-5"), ("-10", "5"), ("-10", "-5"), ("5", "10")])
def test_end_that_may_be_behind_the_start_is_taken(start: str, end: str) -> None:
    """Only the video shows whether a time from its beginning is behind one from its end."""
    assert Options.parse([("start", start), ("end", end)]) == Options(start=start, end=end)


def test_bitrate_that_an_mp3_of_a_low_rate_cannot_have_is_refused() -> None:
    """MPEG-2 ends at 160 kbit/s."""
    assert Options.parse([("quality", "160k"), ("sample_rate", "24000")])
    with pytest.raises(OptionRefused, match="at most 160k"):
        Options.parse([("quality", "192k"), ("sample_rate", "24000")])


def test_nothing_asked_for_is_nothing_stored() -> None:
    assert Options.parse([]).words() == {}


def test_table_object_and_document_have_the_same_options() -> None:
    """The API's document states what the code checks, word by word."""
    document = json.loads((REPOSITORY / "infra/gateway/openapi.json").read_text())["components"]["schemas"]["Options"]
    assert [field.name for field in dataclasses.fields(Options)] == list(OPTIONS) == list(document["properties"])
    for name, option in OPTIONS.items():
        described = document["properties"][name]
        assert described["pattern"] == f"^({option.pattern})$"
        assert described["description"] == f"{option.does[0].upper()}{option.does[1:]}. It takes {option.takes}."
        re.compile(described["pattern"])
