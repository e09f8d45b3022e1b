"""Runs a program that a hostile file may compromise: no network, only its own files, no processes, limited resources.

Everything is prepared before the fork; between fork and exec there are only system calls, as other threads of the
parent may hold any lock at that moment.
"""

import ctypes
import fcntl
import os
import resource
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import threading
from collections.abc import Iterable
from contextlib import ExitStack
from contextvars import copy_context
from pathlib import Path

from functions.convert import landlock
from functions.convert.seccomp import MAX_OPEN_FILES, Filter
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

_SET_PDEATHSIG, _SET_DUMPABLE, _SET_NO_NEW_PRIVS = 1, 4, 38
_CAPABILITIES = struct.pack("=Ii", 0x20080522, 0), bytes(24)  # this process, none of any kind


class Sandbox:
    """`landlock` is the kernel's Landlock version; with 0, for none, files are not hidden; all other limits hold."""

    def __init__(self, largest: int, program: Iterable[Path]) -> None:
        """Let a program write files of at most `largest` bytes, and read the files and folders that it is made of.

        Makes this process unreadable for others of its user: its environment and memory in `/proc`.
        """
        self.landlock = landlock.version()
        self._limits = LIMITS | {resource.RLIMIT_FSIZE: (largest, largest)}
        self._program = [path for path in program if path.exists()]
        self._filter = Filter()
        _prctl(_SET_DUMPABLE, 0)

    def start(self, command: list[str], *, read: Path, write: Path) -> subprocess.Popen[bytes]:
        """Start a program, by its path, that may read one file, write to one folder, and write to two pipes.

        It works in the folder that has both. It dies with the thread that calls this, and has no input and none of
        this process's environment.
        """
        program = Path(command[0])
        user = None if landlock.libc.geteuid() else FIRST_UID + secrets.randbelow(UIDS)
        if user is not None:
            _give(user, read, write)
        with ExitStack() as stack:
            allowed = dict.fromkeys(self._program, landlock.PROGRAMS) | {read: landlock.READ, write: landlock.WRITE}
            rules = stack.enter_context(landlock.ruleset(allowed)) if self.landlock else None
            # By this descriptor, as the user may have no way to the program from the root folder.
            folder = os.open(program.parent, os.O_PATH | os.O_CLOEXEC)
            stack.callback(os.close, folder)
            handover = stack.enter_context(_supervised())

            def enter() -> None:
                fcntl.fcntl(folder, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
                _prctl(_SET_PDEATHSIG, signal.SIGKILL)  # after the change of user, which would reset it
                _prctl(_SET_NO_NEW_PRIVS, 1)
                if landlock.libc.capset(*_CAPABILITIES):
                    raise OSError
                if rules is not None and landlock.libc.syscall(landlock.RESTRICT_SELF, rules, 0):
                    raise OSError
                listener = struct.pack("i", self._filter.enter())
                handover.sendmsg([b"\0"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, listener)])
                for limit, values in self._limits.items():
                    resource.setrlimit(limit, values)

            return subprocess.Popen(
                command,
                executable=f"/proc/self/fd/{folder}/{program.name}",
                pass_fds=[folder],  # until the program starts
                cwd=write.parent,
                user=user,
                group=user,
                extra_groups=None if user is None else [],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env=ENVIRONMENT,
                start_new_session=True,
                preexec_fn=enter,  # noqa: PLW1509  # see the module's words
            )


def _supervised() -> socket.socket:
    """Start a supervisor; return the socket by which the new process hands it the filter's listener."""
    ours, theirs = socket.socketpair()
    with theirs:
        handover = socket.socket(fileno=fcntl.fcntl(theirs, fcntl.F_DUPFD_CLOEXEC, MAX_OPEN_FILES))
    # In a copy of this thread's context, which has the log's fields.
    threading.Thread(target=copy_context().run, args=(Supervisor().run, ours), daemon=True).start()
    return handover


def _give(user: int, read: Path, write: Path) -> None:
    """Let the user, and nobody else but root, pass the folder, read the file and write to the other folder."""
    for path, owner, mode in ((write.parent, None, 0o710), (read, None, 0o640), (write, user, 0o700)):
        shutil.chown(path, owner, user)
        path.chmod(mode)


def _prctl(option: int, *arguments: int) -> None:
    # All five arguments are passed, unused ones as 0, as the kernel requires for some options.
    if landlock.libc.prctl(option, *map(ctypes.c_ulong, (*arguments, 0, 0, 0, 0)[:4])):
        raise OSError
