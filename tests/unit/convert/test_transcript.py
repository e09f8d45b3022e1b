from functions.convert.transcript import Transcript


def test_progress_is_the_share_of_the_declared_duration() -> None:
    """A quarter of the video's minute is 0.25."""
    transcript = Transcript()
    transcript.read_stderr(b"[info]   Duration: 00:01:00.00, start: 0.000000, bitrate: 2638 kb/s\n")
    transcript.read_stdout(b"bitrate=N/A\nout_time_us=15000000\nout_time=00:00:15.000000\nprogress=continue\n")
    assert transcript.done == 15
    assert transcript.progress == 0.25


def test_line_in_pieces_is_read_whole() -> None:
    """A line is parsed once its end has arrived, wherever the pipe split it."""
    transcript = Transcript()
    transcript.read_stdout(b"out_time_us=15")
    assert transcript.done == 0
    transcript.read_stdout(b"00000\n")
    assert transcript.done == 1.5


def test_progress_without_a_duration_stays_0() -> None:
    """A video that declares no duration, or N/A, stays at 0 instead of failing."""
    transcript = Transcript()
    transcript.read_stderr(b"[info]   Duration: N/A, start: 0.000000, bitrate: N/A\n")
    transcript.read_stdout(b"out_time_us=N/A\nout_time_us=5000000\n")
    assert transcript.progress == 0


def test_progress_does_not_exceed_1() -> None:
    """A video longer than it declares does not pass 1."""
    transcript = Transcript()
    transcript.read_stderr(b"[info]   Duration: 00:00:01.00, start: 0.000000\n")
    transcript.read_stdout(b"out_time_us=9000000\n")
    assert transcript.progress == 1


def test_tag_is_not_taken_for_the_duration() -> None:
    """A title that reads like ffmpeg's own line does not change the duration."""
    transcript = Transcript()
    transcript.read_stderr(b"[info]     title           : x\n[info]                     : \n")
    transcript.read_stderr(b"[info]     comment         : [info]   Duration: 09:00:00.00, start\n")
    assert transcript.duration == 0


def test_tag_is_not_taken_for_an_error() -> None:
    """A title that reads like ffmpeg's error about a full disk is not an error."""
    transcript = Transcript()
    transcript.read_stderr(b"[info]     title           : [error] No space left on device\n")
    transcript.read_stderr(b"                    : [error] No space left on device\n")
    transcript.read_stderr(b"[mp3 @ 0x55d] [warning] a true one\n[mp3 @ 0x5] [io @ 0x6] [error] and another\n")
    assert transcript.complaints == ["a true one", "and another"]


def test_only_the_first_and_last_messages_are_kept() -> None:
    """Of ten thousand messages and an endless line only a few dozen lines are kept in memory."""
    transcript = Transcript()
    transcript.read_stderr(b"[mov @ 0x1] [warning] first\n")
    for number in range(10_000):
        transcript.read_stderr(f"[error] number {number}\n".encode())
    transcript.read_stderr(b"x" * 1_000_000)
    assert transcript.complaints[0] == "first"
    assert transcript.complaints[-1] == "number 9999"
    assert len(transcript.complaints) == 50


def test_signal_is_recognised() -> None:
    """ffmpeg exits regularly after a signal, and prints its number."""
    transcript = Transcript()
    transcript.read_stderr(b"[info] Exiting normally, received signal 24.\n")
    assert transcript.stopped == 24
