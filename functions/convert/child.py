"""Programs that the launcher starts as children of this process."""

import marshal
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from io import FileIO
from pathlib import Path
from typing import Any, Self

LAUNCHER = Path(__file__).with_name("launcher.py").read_text()


class Child:
    """A program that runs, as subprocess.Popen: a negative `returncode` is a signal. A `with` ends with its exit."""

    def __init__(self, pid: int, stdout: FileIO, stderr: FileIO, launcher: socket.socket) -> None:
        self.pid = pid
        self.stdout = stdout
        self.stderr = stderr
        self.returncode: int | None = None
        self._launcher = launcher  # which ends when nobody has its socket, and with it what it has started

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.stdout.close()
        self.stderr.close()
        if self.returncode is None:
            self.wait()

    def wait(self) -> float:
        """Wait for the program to exit; return the seconds of CPU time that it took."""
        _, status, usage = os.wait4(self.pid, 0)
        self.returncode = os.waitstatus_to_exitcode(status)
        return usage.ru_utime + usage.ru_stime


class Launcher:
    """The process of LAUNCHER: it starts at first use, and again should it have ended."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None

    def start(self, request: dict[str, Any], descriptors: Sequence[int]) -> Child:
        """Start a program; raise OSError if that fails. Its parameters are those of the launcher."""
        with ExitStack() as ours, ExitStack() as theirs:
            (report, out, error), written = zip(*(_pipe(ours, theirs) for _ in range(3)), strict=True)
            launcher = self._send(marshal.dumps(request), [*written, *descriptors])
            theirs.close()
            pid, _, failed = report.read().partition(b" ")  # until the program has started
            if not pid:
                raise OSError("the launcher has ended")
            if failed:
                os.waitpid(int(pid), 0)
                raise OSError(int(failed), f"the program cannot be started: {os.strerror(int(failed))}")
            report.close()
            ours.pop_all()
        return Child(int(pid), out, error, launcher)

    def _send(self, message: bytes, descriptors: Sequence[int]) -> socket.socket:
        if launcher := self._socket:
            with suppress(ConnectionError):  # it has ended
                socket.send_fds(launcher, [message], descriptors)
                return launcher
        self._socket, theirs = launcher, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        threading.Thread(target=_run, args=(theirs,), daemon=True).start()
        socket.send_fds(launcher, [message], descriptors)
        return launcher


def _run(channel: socket.socket) -> None:
    """Run a launcher, in a thread that lives as long: its programs die with the thread that has started it."""
    with channel:
        launcher = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", LAUNCHER],
            stdin=channel.fileno(),
            stdout=subprocess.DEVNULL,
            env={},
            start_new_session=True,
        )
    launcher.wait()


def _pipe(ours: ExitStack, theirs: ExitStack) -> tuple[FileIO, int]:
    read, write = os.pipe()
    theirs.callback(os.close, write)
    return ours.enter_context(FileIO(read)), write
