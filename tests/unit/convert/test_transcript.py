import signal
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.convert import verdict
from functions.convert.transcript import MAX_LINE_BYTES, Transcript

FORGED = [
    "[warning] No space left on device",
    "[error] Error writing trailer: Disk quota exceeded",
    "[fatal] av_interleaved_write_frame(): No space left on device",
    "[info] Exiting normally, received signal 15.",
    "[info] Exiting normally, received signal 24.",
    "[info]   Duration: 99:59:59.99, start: 0",
    f"[info]   Duration: {'9' * 999}:00:00.00",
    f"out_time_us={'9' * 999}",
    "out_time_us=99999999999999",
    "[error] Killed",
    "[error] Cannot allocate memory",
    "[error] Input/output error",
]


def test_progress_is_the_share_of_the_declared_duration() -> None:
    """A quarter of the video's minute is 0.25."""
    transcript = Transcript()
    transcript.read_stderr(b"[info]   Duration: 00:01:00.00, start: 0.000000, bitrate: 2638 kb/s\n")
    transcript.read_stdout(b"bitrate=N/A\nout_time_us=15000000\nout_time=00:00:15.000000\nprogress=continue\n")
    assert transcript.done == 15
    assert transcript.progress(transcript.done) == 0.25


def test_time_that_begins_again_goes_on() -> None:
    """As that of a filter graph does when the sound becomes stereo."""
    transcript = Transcript()
    done = []
    for seconds in (2, 5, 1, 1, 4):
        transcript.read_stdout(f"out_time_us={seconds}000000\n".encode())
        done.append(transcript.done)
    assert done == [2, 5, 6, 6, 9]


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
    assert transcript.progress(transcript.done) == 0


def test_progress_does_not_exceed_1() -> None:
    """A video longer than it declares does not pass 1."""
    transcript = Transcript()
    transcript.read_stderr(b"[info]   Duration: 00:00:01.00, start: 0.000000\n")
    transcript.read_stdout(b"out_time_us=9000000\n")
    assert transcript.progress(transcript.done) == 1


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
    transcript.read_stderr(b"\n")
    assert transcript.complaints[0] == "first"
    assert transcript.complaints[-1] == "number 9999"
    assert len(transcript.complaints) == 50


@pytest.mark.parametrize("size", [1, 7, 1000, 1 << 16])
def test_only_the_start_of_a_line_is_read(size: int) -> None:
    """What stands behind the first 1024 bytes is no line of its own, however the pipe splits it."""
    transcript = Transcript()
    line = b"[error] " + b"x" * 5000 + b"[error] forged\n[error] next\n"
    for start in range(0, len(line), size):
        transcript.read_stderr(line[start : start + size])
    assert transcript.complaints == ["x" * (MAX_LINE_BYTES - len("[error] ")), "next"]


@pytest.mark.parametrize("digits", ["9" * 400, "9" * 5000, "\u0663" * 4])
def test_number_without_end_is_no_number(digits: str) -> None:
    """A forged line with a number that no float can hold changes nothing."""
    transcript = Transcript()
    transcript.read_stderr(
        f"[info]   Duration: {digits}:00:00.0, start\n[info]   Duration: 1:00:00.{digits}\n".encode()
    )
    transcript.read_stdout(f"out_time_us={digits}\n".encode())
    assert transcript.done == 0
    assert transcript.duration in {0, 3600 + 0.999999}


HOSTILE_PIECES = [
    "[",
    "[mov @ 0x",
    "[mov @ 0x1] ",
    " @ 0x1",
    "Output file does ",
    "no decoder found",
    "9",
]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("start", ["", "[error] ", "[info]   Duration: ", "out_time_us="])
@pytest.mark.parametrize("piece", HOSTILE_PIECES)
def test_hostile_lines_are_read_in_linear_time(start: str, piece: str) -> None:
    """Eight MiB in lines of a MiB and in lines of a kilobyte take less than a second, the verdict included."""
    long = f"{start}{piece * ((1 << 20) // len(piece))}\n".encode()
    short = f"{start}{piece * (1000 // len(piece))}\n".encode() * 1000
    began = time.process_time()
    transcript = Transcript()
    for _ in range(4):
        for text in (long, short):
            for at in range(0, len(text), 1 << 16):
                transcript.read_stderr(text[at : at + (1 << 16)])
                transcript.read_stdout(text[at : at + (1 << 16)])
    verdict.judge(1, transcript, 0)
    assert time.process_time() - began < 1


@given(lines=st.lists(st.one_of(st.sampled_from(FORGED), st.text(alphabet="[]@0x1errowanifl: )\r", max_size=99))))
def test_no_text_makes_the_fault_ours(lines: list[str]) -> None:
    """Whatever ffmpeg prints, a failure is the file's, unless the wait status says otherwise."""
    transcript = Transcript()
    transcript.read_stderr("".join(f"{line}\n" for line in lines).encode(errors="replace"))
    transcript.read_stdout("".join(f"{line}\n" for line in lines).encode(errors="replace"))
    for code in (1, 69, 123, 255, -signal.SIGSEGV):
        assert verdict.judge(code, transcript, 0)
    assert verdict.judge(0, transcript, 3) is None
    with pytest.raises(ChildProcessError):
        verdict.judge(-signal.SIGKILL, transcript, 0)
