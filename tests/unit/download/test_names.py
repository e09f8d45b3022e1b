import pytest

from functions.download.names import disposition, of_mp3, unique


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("clip.mp3", "attachment; filename=clip.mp3"),
        ("my clip.mp3", 'attachment; filename="my clip.mp3"'),
        ('"x".mp3', "attachment; filename=_x_.mp3; filename*=UTF-8''%22x%22.mp3"),
        ("50%41.mp3", "attachment; filename=50_41.mp3; filename*=UTF-8''50%2541.mp3"),
        ("é.mp3", "attachment; filename=_.mp3; filename*=UTF-8''%C3%A9.mp3"),
        ("a; b=c.mp3", 'attachment; filename="a; b=c.mp3"'),
    ],
)
def test_disposition_follows_rfc_6266(name: str, header: str) -> None:
    """A name that is not plain ASCII, or that clients parse differently, is also sent encoded."""
    assert disposition(name) == header


def test_mp3_name_has_at_most_255_bytes() -> None:
    """Most file systems have this limit; no character is truncated."""
    name = of_mp3("ä" * 127)
    assert len(name.encode()) <= 255
    assert name == "ä" * 125 + ".mp3"


def test_equal_names_get_numbers() -> None:
    """Names that differ in case or in how an accent is encoded are equal on some file systems."""
    names = ["a.mp3", "A.mp3", "é.mp3", "e\u0301.mp3", "b.mp3", "a.mp3"]
    assert unique(names) == ["a.mp3", "A (2).mp3", "é.mp3", "e\u0301 (2).mp3", "b.mp3", "a (3).mp3"]


def test_number_that_is_taken_is_skipped() -> None:
    assert unique(["a (2).mp3", "a.mp3", "a.mp3", "a.mp3"]) == ["a (2).mp3", "a.mp3", "a (3).mp3", "a (4).mp3"]


def test_numbered_name_has_at_most_255_bytes() -> None:
    names = unique([of_mp3("ä" * 127)] * 12)
    assert len(set(names)) == 12
    assert max(len(name.encode()) for name in names) <= 255


def test_thousand_equal_names_are_numbered() -> None:
    assert unique(["a.mp3"] * 1000)[-1] == "a (1000).mp3"


def test_characters_that_windows_forbids_are_replaced() -> None:
    assert unique(['a:b\\..\\c/d*?"<>|.mp3']) == ["a_b_.._c_d______.mp3"]
