import pytest

from functions.download.names import disposition, of_mp3


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
