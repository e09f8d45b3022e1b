import pytest

from functions.upload import names
from functions.upload.errors import NameRefused


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "a" * 255,
        "ä" * 127,
        "Screen Recording 3.00\u202fPM.mov",
        "👨\u200d👩\u200d👧.mp4",
        " a ",
        "é =?utf-8?q?=C3=A9?=.mp4",
    ],
)
def test_displayable_name_is_kept(name: str) -> None:
    """Names up to 255 bytes, in any script, are kept."""
    assert names.check(name) == name


@pytest.mark.parametrize(
    "name", ["", "\u00a0", "a" * 256, "ä" * 128, "a/b", "a\\b", "\ta", "a\x85", "a\u2029", "\ud800"]
)
def test_unsafe_name_is_refused(name: str) -> None:
    """Nothing is stripped silently; the text says what to do."""
    with pytest.raises(NameRefused, match=r"Rename the file\.$"):
        names.check(name)


@pytest.mark.parametrize(
    "word", ["=?utf-8?q?=0D=0A?=", "=?utf-8?b?YQ0KYg?=", "=?utf-16?b?DQAKAA==?=", "=?utf-7?q?+AAo-?=", "=?none?q?a?="]
)
def test_encoded_word_with_a_line_break_is_refused(word: str) -> None:
    """A mail program may decode it, in whatever charset; so is a word that has no defined meaning."""
    with pytest.raises(NameRefused, match="encoded word"):
        names.check(f"é {word}.mp4")
