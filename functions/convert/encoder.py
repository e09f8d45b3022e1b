"""Makes the MP3 of one video with ffmpeg in the sandbox."""

import errno
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from functions.convert import copied, deal, mp3, protection, verdict
from functions.convert.assembly import MAX_SCRATCH_BYTES, Assembly, TooLongError
from functions.convert.command import command, dealt
from functions.convert.cores import Cores
from functions.convert.sandbox import Sandbox
from functions.convert.scratch import Workspace
from functions.convert.stitch import SeamError
from functions.convert.transcript import Transcript
from functions.shared.job.document import Reason

TIMEOUT_SECONDS = 900  # a process that takes longer within its CPU time is waiting for a disk or a core
LONG_SECONDS = 240  # of sound: for less, a second start and a second encoder cost more than they save


class BetterWayError(Exception):
    """ffmpeg's log has shown that the sound can be copied, or is long enough for several encoders."""


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
        run = partial(self._run, workspace, spent)
        video, made, tags = _names(workspace, workspace.video, workspace.mp3, workspace.tags)
        first, encoders = Transcript(), 1

        def look() -> None:
            nonlocal encoders
            if first.stream is not None:
                encoders = self._cores.free() if first.duration >= LONG_SECONDS else 1
                if first.codec == "mp3" or encoders > 1:
                    raise BetterWayError
            heartbeat(first.progress)

        def copying() -> None:
            heartbeat(0)  # it is quick, and may be in vain

        with suppress(BetterWayError):
            return run(command(video, made, tags), first, look)
        if first.codec == "mp3":
            copy = run(command(video, made, tags, copied=first.stream), Transcript(), copying)
            if copy is verdict.TOO_LONG or (isinstance(copy, float) and copied.keep(workspace.mp3)):
                return mp3.seconds(workspace.mp3) if isinstance(copy, float) else copy
        elif found := self._deal(workspace, first, encoders, heartbeat, spent):
            return found
        again = Transcript()
        return run(command(video, made, tags), again, lambda: heartbeat(again.progress))

    def _deal(
        self,
        workspace: Workspace,
        first: Transcript,
        encoders: int,
        heartbeat: Callable[[float], None],
        spent: Callable[[float], None],
    ) -> float | Reason | None:
        """Encode with several encoders; return None if one encoder has to do it all."""
        blocks, transcript = deal.segment(first.duration, encoders), Transcript()
        parts = [workspace.out / f"part{number}.mp3" for number in range(encoders)]
        spare = (MAX_SCRATCH_BYTES - workspace.video.stat().st_size) // 2
        workspace.mp3.unlink(missing_ok=True)
        assembly = Assembly(parts, workspace.mp3, blocks, spare)

        def step() -> None:
            assembly.go_on()
            heartbeat(min(assembly.seconds / first.duration, 1.0))

        video, tags, *files = _names(workspace, workspace.video, workspace.tags, *parts)
        words = dealt(video, files, tags, first.stream or 0, blocks)
        try:
            code = self._start(workspace, words, transcript, step, spent)
            if reason := verdict.judge(code, transcript, 1):
                return reason if reason is verdict.TOO_LONG else None
            assembly.end([transcript.samples[number] for number in sorted(transcript.samples)])
        except SeamError:
            return None
        except TooLongError:
            return verdict.TOO_LONG
        else:
            return mp3.seconds(workspace.mp3)
        finally:
            assembly.close()
            for part in parts:
                part.unlink(missing_ok=True)

    def _run(
        self,
        workspace: Workspace,
        spent: Callable[[float], None],
        words: list[str],
        transcript: Transcript,
        check: Callable[[], None],
    ) -> float | Reason:
        """Run ffmpeg with one output; return the MP3's length in seconds, or why there is none."""
        workspace.mp3.unlink(missing_ok=True)  # by the run before, as another user
        code = self._start(workspace, words, transcript, check, spent)
        seconds = mp3.seconds(workspace.mp3) if workspace.mp3.exists() else 0.0
        reason = verdict.judge(code, transcript, seconds)
        if reason is verdict.DAMAGED and protection.encrypted(workspace.video):
            return verdict.ENCRYPTED
        return reason or seconds

    def _start(
        self,
        workspace: Workspace,
        words: list[str],
        transcript: Transcript,
        check: Callable[[], None],
        spent: Callable[[float], None],
    ) -> int:
        """Run ffmpeg; return its exit code. `check` is called as `heartbeat` is."""
        workspace.tags.unlink(missing_ok=True)
        with self._sandbox.start(words, read=workspace.video, write=workspace.out) as process:
            try:
                with self._cores.shared(process.pid):
                    _listen(process, transcript, partial(_check, workspace, check))
            except BaseException:
                os.kill(process.pid, signal.SIGKILL)  # `process.kill` could wait for it, and lose its CPU time
                raise
            finally:
                spent(_wait(process))
        return process.returncode


def _names(workspace: Workspace, *paths: Path) -> list[Path]:
    """Return names within the workspace, as ffmpeg's user may have no way to it from the root folder."""
    return [path.relative_to(workspace.folder) for path in paths]


def _check(workspace: Workspace, check: Callable[[], None]) -> None:
    # Whatever ffmpeg prints about a full disk may be a text of the file's.
    if workspace.disk_full():
        raise OSError(errno.ENOSPC, "the scratch folder is full")
    check()


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
