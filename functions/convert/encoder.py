"""Makes the MP3 of one video with ffmpeg in the sandbox."""

import errno
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial

from functions.convert import copied, mp3, protection, verdict
from functions.convert.command import command
from functions.convert.cores import Cores
from functions.convert.sandbox import Sandbox
from functions.convert.scratch import Workspace
from functions.convert.transcript import Transcript
from functions.shared.job.document import Reason

TIMEOUT_SECONDS = 900  # a process that takes longer within its CPU time is waiting for a disk or a core


class Mp3FoundError(Exception):
    """The sound need not be encoded: the stream of this index is MP3 already."""

    def __init__(self, stream: int) -> None:
        self.stream = stream


class Encoder:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._cores = Cores()

    def encode(
        self, workspace: Workspace, heartbeat: Callable[[float], None], spent: Callable[[float], None]
    ) -> float | Reason:
        """Write the MP3 and the tags; return the MP3's length in seconds, or why the video has no MP3.

        Calls `heartbeat` with the progress (0 to 1) at least once a second; an exception from it ends ffmpeg. Calls
        `spent` with the seconds of CPU time that ffmpeg took, however it ended.
        Raises OSError when the video is not at fault.
        """

        def beat(transcript: Transcript) -> None:
            heartbeat(transcript.progress)

        def look(transcript: Transcript) -> None:
            if transcript.mp3 is not None:
                raise Mp3FoundError(transcript.mp3)
            beat(transcript)

        try:
            return self._run(workspace, None, look, spent)
        except Mp3FoundError as found:
            # It is quick, and may have been in vain, so it counts as no progress.
            copy = self._run(workspace, found.stream, lambda _transcript: heartbeat(0), spent)
        if copy is verdict.TOO_LONG:
            return copy
        if isinstance(copy, float) and copied.keep(workspace.mp3):
            return mp3.seconds(workspace.mp3)
        return self._run(workspace, None, beat, spent)

    def _run(
        self,
        workspace: Workspace,
        copy: int | None,
        check: Callable[[Transcript], None],
        spent: Callable[[float], None],
    ) -> float | Reason:
        """Run ffmpeg: encode the sound, or copy the MP3 of a stream; `check` is called as `heartbeat` is."""
        transcript = Transcript()
        for made in (workspace.mp3, workspace.tags):  # by the run before, as another user
            made.unlink(missing_ok=True)
        # By names within the workspace, as ffmpeg's user may have no way to it from the root folder.
        words = command(
            *(path.relative_to(workspace.folder) for path in (workspace.video, workspace.mp3, workspace.tags)),
            copied=copy,
        )
        with self._sandbox.start(words, read=workspace.video, write=workspace.out) as process:
            try:
                with self._cores.shared(process.pid):
                    _listen(process, transcript, partial(_check, workspace, transcript, check))
            except BaseException:
                os.kill(process.pid, signal.SIGKILL)  # `process.kill` could wait for it, and lose its CPU time
                raise
            finally:
                spent(_wait(process))
        seconds = mp3.seconds(workspace.mp3) if workspace.mp3.exists() else 0.0
        reason = verdict.judge(process.returncode, transcript, seconds)
        if reason is verdict.DAMAGED and protection.encrypted(workspace.video):
            return verdict.ENCRYPTED
        return reason or seconds


def _check(workspace: Workspace, transcript: Transcript, check: Callable[[Transcript], None]) -> None:
    # Whatever ffmpeg prints about a full disk may be a text of the file's.
    if workspace.disk_full():
        raise OSError(errno.ENOSPC, "the scratch folder is full")
    check(transcript)


def _listen(process: subprocess.Popen[bytes], transcript: Transcript, check: Callable[[], None]) -> None:
    """Read what ffmpeg prints until it exits; `check` at once after each piece, and at least once a second."""
    end = time.monotonic() + TIMEOUT_SECONDS
    readers = {process.stdout: transcript.read_stdout, process.stderr: transcript.read_stderr}
    # A process that was taken over may close its pipes and go on, so its exit is waited for in the same way.
    with selectors.DefaultSelector() as selector, open(os.pidfd_open(process.pid), "rb") as exit_:  # noqa: PTH123
        selector.register(exit_, selectors.EVENT_READ)
        for pipe in filter(None, readers):
            selector.register(pipe, selectors.EVENT_READ, pipe)
        while selector.get_map():
            for key, _ in selector.select(timeout=1):
                pipe = key.data
                if pipe and (data := pipe.read(1 << 16)):
                    readers[pipe](data)
                else:
                    selector.unregister(key.fileobj)
            check()
            if time.monotonic() > end:
                raise TimeoutError(f"ffmpeg did not end within {TIMEOUT_SECONDS} s")


def _wait(process: subprocess.Popen[bytes]) -> float:
    """Wait for the process to exit; return the seconds of CPU time that it took."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime
