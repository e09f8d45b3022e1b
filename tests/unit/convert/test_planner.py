from pathlib import Path

import pytest

from functions.convert import verdict
from functions.convert.planner import Planner
from functions.convert.transcript import Transcript
from functions.convert.wanted import Wanted
from functions.shared.job.options import Options


def test_recording_that_is_too_long_is_not_tried_again(tmp_path: Path) -> None:
    """Also with errors, for which other recordings are searched: hours of CPU time would change nothing."""
    transcript = Transcript()
    transcript.format, transcript.errors = "mpegts", 1
    planner = Planner(tmp_path / "removed", lambda: 2, lambda: None)
    assert not planner.again(transcript, verdict.TOO_LONG)


@pytest.mark.parametrize(("sound", "again"), [("", False), (", 48000 Hz, stereo", True)])
def test_tracks_without_a_packet_are_not_tried_one_by_one(tmp_path: Path, sound: str, again: bool) -> None:  # noqa: FBT001
    """Thousands of them would take hours; another one that has packets is tried."""
    transcript = Transcript()
    streams = f"[info]   Stream #0:0: Audio: mp2{sound}\n[info]   Stream #0:1: Audio: mp2{sound}\n"
    transcript.read_stderr(f"[info] Input #0, nut, from 'video':\n{streams}[info] Stream mapping:\n".encode())
    planner = Planner(tmp_path / "removed", lambda: 1, lambda: None)
    assert planner.fits(transcript)
    assert planner.again(transcript, verdict.DAMAGED) == again


@pytest.mark.parametrize(("quality", "dealt"), [("2", True), ("128k", False)])
def test_only_vbr_is_encoded_on_all_cores(tmp_path: Path, quality: str, dealt: bool) -> None:  # noqa: FBT001
    """The padding of a frame of constant bitrate depends on the frame's number."""
    transcript = Transcript()
    log = "[info] Input #0, wav, from 'video':\n[info]   Duration: 00:10:00.00\n"
    log += "[info]   Stream #0:0: Audio: pcm_s16le, 48000 Hz, stereo\n[info] Stream mapping:\n"
    transcript.read_stderr(log.encode())
    wanted = Wanted.of(Options.parse([("quality", quality)]))
    planner = Planner(tmp_path / "removed", lambda: 2, lambda: None, wanted)
    assert planner.fits(transcript) != dealt
    assert bool(planner.plan.deal) == dealt
