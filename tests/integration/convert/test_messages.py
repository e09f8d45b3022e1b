"""The messages that the verdict reads, against the installed ffmpeg: each has a file that makes ffmpeg print it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from functions.convert import binary, command, encoder, verdict
from functions.convert.encoder import Encoder
from functions.convert.sandbox import Sandbox
from functions.convert.scratch import Scratch
from functions.convert.transcript import Transcript
from functions.shared.job.document import Reason
from tests.support.clips import Clips

FILES: dict[str, Callable[[Clips], Path]] = {
    "Output file does not contain any stream": Clips.no_audio,
    "Format not on whitelist": Clips.picture,
    "Not detecting m3u8/hls": lambda clips: clips.playlist("segment.ts"),
    "Error while opening decoder": Clips.unsupported,
    "no decoder found for": Clips.forged_message,
    "DRM protected": Clips.protected,
}


@pytest.fixture
def convert(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], tuple[float | Reason, Transcript]]:
    """Return a function that encodes a file as convert does; it returns the result and what ffmpeg printed."""
    transcripts: list[Transcript] = []

    def transcript() -> Transcript:
        transcripts.append(Transcript())
        return transcripts[-1]

    def convert(file: Path) -> tuple[float | Reason, Transcript]:
        monkeypatch.setattr(encoder, "Transcript", transcript)
        with Scratch(tmp_path).workspace(0) as workspace:
            workspace.video.write_bytes(file.read_bytes())
            ended = Encoder(Sandbox(command.MAX_MP3_BYTES, binary.files(binary.FFMPEG))).encode(
                workspace, lambda _progress: None, lambda _seconds: None
            )
        return ended, transcripts[-1]

    return convert


Convert = Callable[[Path], tuple[float | Reason, Transcript]]


@pytest.mark.parametrize("message", verdict.MESSAGES)
def test_ffmpeg_prints_the_message(convert: Convert, clips: Clips, message: str) -> None:
    """A file of its kind ends with the message's reason, and ffmpeg did print the message."""
    ended, transcript = convert(FILES[message](clips))
    assert ended == verdict.MESSAGES[message]
    assert any(message in line for line in transcript.complaints)


@pytest.mark.parametrize("kind", ["noise", "text", "empty"])
def test_unknown_format_is_the_first_complaint(convert: Convert, clips: Clips, kind: str) -> None:
    """Before it ffmpeg says nothing, as no format was recognised."""
    ended, transcript = convert(getattr(clips, kind)())
    assert ended == verdict.NOT_A_VIDEO
    assert verdict.UNKNOWN_FORMAT in transcript.complaints[0]


def test_known_format_has_a_complaint_before(convert: Convert, clips: Clips) -> None:
    """A film that ends before its index is damaged: ffmpeg knows what it is."""
    ended, transcript = convert(clips.without_its_end())
    assert ended == verdict.DAMAGED
    assert any(verdict.UNKNOWN_FORMAT in line for line in transcript.complaints[1:])


def test_progress_and_duration_are_read(convert: Convert, clips: Clips) -> None:
    """The lines of progress and of the declared duration are where they are expected."""
    _, transcript = convert(clips.video())
    assert transcript.duration == pytest.approx(3, abs=0.1)
    assert transcript.done == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize("kind", ["video", "stereo_mkv", "surround", "no_audio", "encrypted", "noise"])
def test_ffmpeg_makes_no_call_that_the_sandbox_refuses(
    convert: Convert, clips: Clips, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The supervisor logs nothing, whether there is an MP3 or not."""
    convert(getattr(clips, kind)())
    assert [record for record in caplog.records if record.name == "functions.convert.supervisor"] == []
