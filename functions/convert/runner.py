"""Runs ffmpeg in the sandbox for one video, as often as it takes."""

import errno
import os
import selectors
import signal
import time
from collections.abc import Callable

from functions.convert.child import Child
from functions.convert.cores import Cores
from functions.convert.sandbox import Sandbox
from functions.convert.scratch import Workspace
from functions.convert.transcript import Transcript

TIMEOUT_SECONDS = 900  # all runs that take longer within their CPU time are waiting for a disk or a core


class Runner:
    def __init__(self, sandbox: Sandbox, cores: Cores, workspace: Workspace, spent: Callable[[float], None]) -> None:
        """Call `spent` with the seconds of CPU time that ffmpeg took, however it ended."""
        self._sandbox = sandbox
        self._cores = cores
        self._workspace = workspace
        self._spent = spent
        self._end = time.monotonic() + TIMEOUT_SECONDS

    def run(self, words: list[str], transcript: Transcript, goes_on: Callable[[], bool]) -> int | None:
        """Run ffmpeg and read what it prints; return its exit code, None if it was ended.

        Calls `goes_on` after each piece, and at least once a second; ends ffmpeg if it returns False or raises.
        Raises OSError when the video is not at fault.
        """
        with self._sandbox.start(words, read=self._workspace.video, write=self._workspace.out) as process:
            done = False
            try:
                with self._cores.shared(process.pid):
                    done = self._listen(process, transcript, goes_on)
            finally:
                if not done:
                    os.kill(process.pid, signal.SIGKILL)
                self._spent(process.wait())
        return process.returncode if done else None

    def _listen(self, process: Child, transcript: Transcript, goes_on: Callable[[], bool]) -> bool:
        readers = {process.stdout: transcript.read_stdout, process.stderr: transcript.read_stderr}
        # A process that was taken over may close its pipes and go on, so its exit is waited for in the same way.
        with selectors.DefaultSelector() as selector, open(os.pidfd_open(process.pid), "rb") as exit_:  # noqa: PTH123
            selector.register(exit_, selectors.EVENT_READ)
            for pipe in readers:
                selector.register(pipe, selectors.EVENT_READ, pipe)
            while selector.get_map():
                for key, _ in selector.select(timeout=1):
                    pipe = key.data
                    if pipe and (data := pipe.read(1 << 16)):
                        readers[pipe](data)
                    else:
                        selector.unregister(key.fileobj)
                self._check()
                if not goes_on():
                    return False
        return True

    def _check(self) -> None:
        # Whatever ffmpeg prints about a full disk may be a text of the file's.
        if self._workspace.disk_full():
            raise OSError(errno.ENOSPC, "the scratch folder is full")
        if time.monotonic() > self._end:
            raise TimeoutError(f"ffmpeg did not end within {TIMEOUT_SECONDS} s")
