"""Makes the MP3 of one room's video by ffmpeg in the sandbox."""

import selectors
import subprocess
import time
from collections.abc import Callable

from functions.convert import mp3, protection, verdict
from functions.convert.command import command
from functions.convert.sandbox import Sandbox
from functions.convert.scratch import Room
from functions.convert.transcript import Transcript
from functions.shared.job.document import Reason

LONGEST_RUN = 900  # seconds; a process within its CPU time that takes longer waits for a disk or a core


class Encoder:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def encode(self, room: Room, beat: Callable[[float], None]) -> float | Reason:
        """Write the MP3 and the tags, and return the MP3's seconds, or why the video has none.

        Calls `beat` with the progress (0 to 1) at least once a second; what it raises ends ffmpeg.
        Raises OSError when the video is not to blame.
        """
        transcript = Transcript()
        words = command(room.video, room.mp3, room.tags)
        with self._sandbox.start(words, read=room.video, write=room.out) as process:
            try:
                _listen(process, transcript, beat)
                code = process.wait()
            finally:
                process.kill()
        seconds = mp3.seconds(room.mp3) if room.mp3.exists() else 0.0
        reason = verdict.judge(code, transcript, seconds)
        if reason is verdict.DAMAGED and protection.encrypted(room.video):
            return verdict.ENCRYPTED
        return reason or seconds


def _listen(process: subprocess.Popen[bytes], transcript: Transcript, beat: Callable[[float], None]) -> None:
    end = time.monotonic() + LONGEST_RUN
    ears = {process.stdout: transcript.hear_stdout, process.stderr: transcript.hear_stderr}
    with selectors.DefaultSelector() as selector:
        for pipe in filter(None, ears):
            selector.register(pipe, selectors.EVENT_READ, pipe)
        while selector.get_map():
            for key, _ in selector.select(timeout=1):
                pipe = key.data
                if data := pipe.read(1 << 16):
                    ears[pipe](data)
                else:
                    selector.unregister(pipe)
            beat(transcript.progress)
            if time.monotonic() > end:
                raise TimeoutError(f"ffmpeg did not end within {LONGEST_RUN} s")
