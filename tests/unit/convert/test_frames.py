"""Data that may still grow are split into MP3 frames, or refused."""

import pytest

from functions.convert.frames import Format

HEADER = b"\xff\xfb\x90\x64"  # MPEG-1, 128 kbit/s, 44.1 kHz, joint stereo: 417 bytes
FRAME = HEADER.ljust(417, b"\0")
MONO = b"\xff\xfb\x90\xc4"


def test_whole_frames_are_split_from_the_rest() -> None:
    """The rest is the begin of a frame, perhaps less than a header."""
    form = Format(HEADER)
    assert form.split(FRAME * 3) == ([FRAME] * 3, b"")
    assert form.split(FRAME + FRAME[:-1]) == ([FRAME], FRAME[:-1])
    assert form.split(FRAME + HEADER[:3]) == ([FRAME], HEADER[:3])


@pytest.mark.parametrize("other", [b"TAG\0", MONO, b"\xff\xfb\xf0\x64", b"\xff\xfb\x94\x64"])
def test_anything_but_a_frame_of_the_format_is_refused_at_once(other: bytes) -> None:
    """Text, mono, no valid bitrate, another rate: it is not kept until the data end."""
    with pytest.raises(ValueError, match="no frame of this format"):
        Format(HEADER).split(FRAME + other)
