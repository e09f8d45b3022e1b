"""The messages that the verdict reads, against the installed ffmpeg: each has a file that makes ffmpeg print it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from functions.convert import verdict
from tests.integration.convert.encoding import Encode
from tests.support.clips import Clips

FILES: dict[str, Callable[[Clips], Path]] = {
    "matches no streams": Clips.no_audio,
    "Format not on whitelist": Clips.picture,
    "Not detecting m3u8/hls": lambda clips: clips.playlist("segment.ts"),
    "Error while opening decoder": Clips.unsupported,
    "no decoder found for": Clips.forged_message,
    "DRM protected": Clips.protected,
}


@pytest.mark.parametrize("message", verdict.MESSAGES)
def test_ffmpeg_prints_the_message(encode: Encode, clips: Clips, message: str) -> None:
    """A file of its kind ends with the message's reason, and ffmpeg did print the message."""
    encoded = encode(FILES[message](clips))
    assert encoded.result == verdict.MESSAGES[message]
    assert any(message in line for line in encoded.transcripts[0].complaints)


@pytest.mark.parametrize("kind", ["noise", "text", "empty"])
def test_unknown_format_is_the_first_complaint(encode: Encode, clips: Clips, kind: str) -> None:
    """Before it ffmpeg says nothing, as no format was recognised."""
    encoded = encode(getattr(clips, kind)())
    assert encoded.result == verdict.NOT_A_VIDEO
    assert verdict.UNKNOWN_FORMAT in encoded.transcripts[0].complaints[0]


def test_known_format_has_a_complaint_before(encode: Encode, clips: Clips) -> None:
    """A film that ends before its index is damaged: ffmpeg knows what it is."""
    encoded = encode(clips.without_its_end())
    assert encoded.result == verdict.DAMAGED
    assert any(verdict.UNKNOWN_FORMAT in line for line in encoded.transcripts[0].complaints[1:])


def test_progress_and_duration_are_read(encode: Encode, clips: Clips) -> None:
    """The lines of progress and of the declared duration are where they are expected."""
    transcript = encode(clips.video()).transcripts[0]
    assert transcript.duration == pytest.approx(3, abs=0.1)
    assert transcript.done == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize("kind", ["video", "stereo_mkv", "surround", "no_audio", "encrypted", "noise"])
def test_ffmpeg_makes_no_call_that_the_sandbox_refuses(
    encode: Encode, clips: Clips, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The supervisor logs nothing, whether there is an MP3 or not."""
    encode(getattr(clips, kind)())
    assert [record for record in caplog.records if record.name == "functions.convert.supervisor"] == []
