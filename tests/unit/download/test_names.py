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
def test_a_name_stands_as_rfc_6266_says(name: str, header: str) -> None:
    """What is not plain ASCII, or is read differently by different clients, comes encoded too."""
    assert disposition(name) == header


def test_an_mp3s_name_is_not_longer_than_a_video_may_have() -> None:
    """No file system has to refuse it, and no character is cut through."""
    name = of_mp3("ä" * 127)
    assert len(name.encode()) <= 255
    assert name == "ä" * 125 + ".mp3"
