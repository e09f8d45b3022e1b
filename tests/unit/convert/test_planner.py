from pathlib import Path

from functions.convert import verdict
from functions.convert.planner import Planner
from functions.convert.transcript import Transcript


def test_recording_that_is_too_long_is_not_tried_again(tmp_path: Path) -> None:
    """Also with errors, for which other recordings are searched: hours of CPU time would change nothing."""
    transcript = Transcript()
    transcript.format, transcript.errors = "mpegts", 1
    planner = Planner(tmp_path / "removed", lambda: 2, lambda: None)
    assert not planner.again(transcript, verdict.TOO_LONG)
