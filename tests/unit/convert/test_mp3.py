from pathlib import Path

import pytest

from functions.convert import mp3


def first_frame(header: bytes, frames: int, before: int, after: int) -> bytes:
    ends = (before << 12 | after).to_bytes(3, "big")
    return header + bytes(17) + b"Xing" + bytes(4) + frames.to_bytes(4, "big") + bytes(129) + ends + bytes(20)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (b"\xff\xfb\x40\xc0", (40 * 1152 - 576 - 1404) / 44100),
        (b"\xff\xfb\x44\xc0", (40 * 1152 - 576 - 1404) / 48000),
        (b"\xff\xf3\x40\xc0", (40 * 576 - 576 - 1404) / 22050),
        (b"\xff\xe3\x48\xc0", (40 * 576 - 576 - 1404) / 8000),
    ],
)
def test_length_excludes_padding(header: bytes, seconds: float, tmp_path: Path) -> None:
    """The length counts the samples without those added at both ends, in each version of MPEG audio."""
    file = tmp_path / "audio.mp3"
    file.write_bytes(first_frame(header, 40, 576, 1404))
    assert mp3.seconds(file) == seconds


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfb\x40\xc0" + bytes(400),
        first_frame(b"\xff\xfb\x4c\xc0", 40, 0, 0),
        first_frame(b"\xff\xfb\x40\xc0", 1, 576, 1404),
        first_frame(b"\xff\xfb\x40\xc0", 40, 0, 0)[:100],
    ],
)
def test_length_without_sound_is_zero(content: bytes, tmp_path: Path) -> None:
    """No data, no header, an invalid rate, padding only, and a truncated header have the length 0."""
    file = tmp_path / "audio.mp3"
    file.write_bytes(content)
    assert mp3.seconds(file) == 0
