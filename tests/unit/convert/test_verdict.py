import signal
from pathlib import Path

import pytest

from functions.convert import protection, verdict
from functions.convert.transcript import Transcript
from functions.shared.job.document import Reason


def transcript(*lines: str) -> Transcript:
    heard = Transcript()
    heard.read_stderr("".join(f"{line}\n" for line in lines).encode())
    return heard


def test_good_mp3_has_no_reason() -> None:
    """With exit code 0 and some sound there is an MP3, whatever messages ffmpeg has printed."""
    assert verdict.judge(0, transcript("[error] Invalid NAL unit size"), 3) is None


@pytest.mark.parametrize(
    ("code", "line", "reason"),
    [
        (234, "[fatal] Stream map '' matches no streams.", verdict.NO_AUDIO),
        (234, "[in#0 @ 0x1] [error] Format not on whitelist 'mov'", verdict.NOT_A_VIDEO),
        (
            183,
            "[in#0 @ 0x1] [error] Error opening input: Invalid data found when processing input",
            verdict.NOT_A_VIDEO,
        ),
        (
            234,
            "[aist#0:1/aac @ 0x1] [dec:aac @ 0x2] [error] Error while opening decoder: Invalid argument",
            verdict.UNSUPPORTED,
        ),
        (1, "[asf @ 0x1] [warning] DRM protected stream detected, decoding will likely fail!", verdict.ENCRYPTED),
        (183, "[in#0 @ 0x1] [error] moov atom not found", verdict.DAMAGED),
        (69, "[error] Error submitting packet to decoder", verdict.DAMAGED),
        (0, "", verdict.DAMAGED),
        (-signal.SIGSEGV, "", verdict.DAMAGED),
        (-signal.SIGXCPU, "", verdict.TOO_LONG),
        (-signal.SIGXFSZ, "", verdict.TOO_LONG),
        (255, "[info] Exiting normally, received signal 15.", verdict.DAMAGED),
        (1, "[error] av_interleaved_write_frame(): No space left on device", verdict.DAMAGED),
    ],
)
def test_faulty_file_has_a_reason(code: int, line: str, reason: Reason) -> None:
    """Each way in which a file makes ffmpeg fail has its reason, whatever part of the MP3 was written."""
    assert verdict.judge(code, transcript(line), 3 if code else 0) == reason


def test_more_than_eight_hours_are_too_long() -> None:
    """Longer audio is not silently truncated: an MP3 that exceeds the limit is rejected."""
    assert verdict.judge(0, transcript(), 8 * 3600) is None
    assert verdict.judge(0, transcript(), 8 * 3600 + 0.5) == verdict.TOO_LONG


@pytest.mark.parametrize("code", [-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT])
def test_signal_from_outside_raises_os_error(code: int) -> None:
    """The wait status says that something killed ffmpeg, which is not a fault of the file."""
    with pytest.raises(ChildProcessError):
        verdict.judge(code, transcript(), 3)


def test_every_reason_has_a_code_and_says_what_to_do() -> None:
    """Codes are lower-case words, as in the event's schema, and each sentence says what to upload."""
    reasons = [value for value in vars(verdict).values() if isinstance(value, Reason)]
    assert len({reason.code for reason in reasons}) == len(reasons) == 7
    for reason in reasons:
        assert reason.code.replace("_", "").islower()
        assert "pload" in reason.message


def test_protection_is_found_across_blocks(tmp_path: Path) -> None:
    """The two boxes are found even if a read ends between them."""
    video = tmp_path / "video"
    video.write_bytes(b"\0" * ((1 << 20) - 6) + b"sinf\x00\x00\x00\x0cfrmamp4a")
    assert protection.encrypted(video)
    video.write_bytes(b"sinf and later frma")
    assert not protection.encrypted(video)
