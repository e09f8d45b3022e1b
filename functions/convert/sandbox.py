"""Runs a program that a hostile file may compromise: no network, only its own files, no processes, limited resources.

`functions.convert.launcher` starts it.
"""

import ctypes
import os
import resource
import secrets
import shutil
import socket
import threading
from collections.abc import Iterable
from contextlib import ExitStack
from contextvars import copy_context
from pathlib import Path

from functions.convert import landlock, seccomp
from functions.convert.child import Child, Launcher
from functions.convert.seccomp import MAX_OPEN_FILES
from functions.convert.supervisor import Supervisor

LIMITS = {
    resource.RLIMIT_CORE: (0, 0),
    # Seconds, less than the request's 600. The first ends the program with SIGXCPU.
    resource.RLIMIT_CPU: (540, 550),
    resource.RLIMIT_NOFILE: (MAX_OPEN_FILES, MAX_OPEN_FILES),
    resource.RLIMIT_AS: (1 << 30, 1 << 30),
    # Of each thread too. With 8 MiB, and with a heap for each thread, eight encoders would not fit the address space.
    resource.RLIMIT_STACK: (1 << 20, 1 << 20),
}
ENVIRONMENT = {"MALLOC_ARENA_MAX": "1"}

# Where this process is root, each program runs as a user of its own: one of these, which nothing else has.
FIRST_UID, UIDS = 55_000, 4096

_SET_DUMPABLE = 4


class Sandbox:
    """`landlock` is the kernel's Landlock version; with 0, for none, files are not hidden; all other limits hold."""

    def __init__(self, largest: int, program: Iterable[Path]) -> None:
        """Let a program write files of at most `largest` bytes, and read the files and folders that it is made of.

        Makes this process unreadable for others of its user: its environment and memory in `/proc`.
        """
        self.landlock = landlock.version()
        self._program = [path for path in program if path.exists()]
        self._request = {
            "clone": seccomp.number_of("clone"),
            "seccomp": seccomp.number_of("seccomp"),
            "restrict_self": landlock.RESTRICT_SELF,
            "filter": seccomp.compiled(),
            "limits": LIMITS | {resource.RLIMIT_FSIZE: (largest, largest)},
            "max_open_files": MAX_OPEN_FILES,
            "environment": ENVIRONMENT,
        }
        self._launcher = Launcher()
        if landlock.libc.prctl(_SET_DUMPABLE, *[ctypes.c_ulong(0)] * 4):
            raise OSError

    def start(self, command: list[str], *, read: Path, write: Path) -> Child:
        """Start a program, by its path, that may read one file, write to one folder, and write to two pipes.

        It works in the folder that has both. It dies with this process, and has no input and none of this process's
        environment.
        """
        path = Path(command[0])
        user = None if landlock.libc.geteuid() else FIRST_UID + secrets.randbelow(UIDS)
        if user is not None:
            _give(user, read, write)
        request = self._request | {"words": command, "program": path.name, "user": user}
        with ExitStack() as stack:
            allowed = dict.fromkeys(self._program, landlock.PROGRAMS) | {read: landlock.READ, write: landlock.WRITE}
            rules = [stack.enter_context(landlock.ruleset(allowed))] if self.landlock else []
            # By descriptors, as the user may have no way to these folders from the root folder.
            folders = [_folder(folder, stack) for folder in (write.parent, path.parent)]
            handover = stack.enter_context(_supervised()).fileno()
            return self._launcher.start(request, [handover, *folders, *rules])


def _folder(path: Path, stack: ExitStack) -> int:
    folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    stack.callback(os.close, folder)
    return folder


def _supervised() -> socket.socket:
    """Start a supervisor; return the socket by which the new process hands it the filter's listener."""
    ours, theirs = socket.socketpair()
    # In a copy of this thread's context, which has the log's fields.
    threading.Thread(target=copy_context().run, args=(Supervisor().run, ours), daemon=True).start()
    return theirs


def _give(user: int, read: Path, write: Path) -> None:
    """Let the user, and nobody else but root, pass the folder, read the file and write to the other folder."""
    for path, owner, mode in ((write.parent, None, 0o710), (read, None, 0o640), (write, user, 0o700)):
        shutil.chown(path, owner, user)
        path.chmod(mode)
