"""Runs a program that a hostile file may compromise: no network, only its own files, no processes, limited resources.

Everything is prepared before the fork; between fork and exec there are only system calls, as other threads of the
parent may hold any lock at that moment.
"""

import ctypes
import resource
import signal
import subprocess
from contextlib import ExitStack
from pathlib import Path

from functions.convert import landlock, seccomp

LIMITS = {
    resource.RLIMIT_CORE: (0, 0),
    # Seconds, less than the request's 600; from the first on there is a SIGXCPU every second, at the second a SIGKILL.
    resource.RLIMIT_CPU: (540, 550),
    resource.RLIMIT_NOFILE: (64, 64),
    resource.RLIMIT_AS: (1 << 30, 1 << 30),
}
# The files that a program needs: itself, its libraries and the linker's cache.
PROGRAMS = [Path(path) for path in ("/usr", "/lib", "/lib64", "/etc/ld.so.cache")]

_SET_PDEATHSIG, _SET_NO_NEW_PRIVS, _SET_SECCOMP, _FILTER = 1, 38, 22, 2


class Sandbox:
    """`landlock` is the kernel's Landlock version; with 0, for none, files are not hidden; all other limits hold."""

    def __init__(self, largest: int) -> None:
        """Let a program write files of at most `largest` bytes."""
        self.landlock = landlock.version()
        self._limits = LIMITS | {resource.RLIMIT_FSIZE: (largest, largest)}
        self._seccomp = seccomp.program()

    def start(self, command: list[str], *, read: Path, write: Path) -> subprocess.Popen[bytes]:
        """Start a program of /usr that may read one file, write to one folder, and write to two pipes.

        It dies with the thread that calls this, and has no environment and no input.
        """
        with ExitStack() as stack:
            rules = stack.enter_context(landlock.ruleset(_allowed(read, write))) if self.landlock else None

            def enter() -> None:
                _prctl(_SET_PDEATHSIG, signal.SIGKILL)
                _prctl(_SET_NO_NEW_PRIVS, 1)
                if rules is not None and landlock.libc.syscall(landlock.RESTRICT_SELF, rules, 0):
                    raise OSError
                _prctl(_SET_SECCOMP, _FILTER, ctypes.addressof(self._seccomp))
                for limit, values in self._limits.items():
                    resource.setrlimit(limit, values)

            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env={},
                start_new_session=True,
                preexec_fn=enter,  # noqa: PLW1509  # see the module's words
            )


def _allowed(read: Path, write: Path) -> dict[Path, int]:
    programs = {path: landlock.PROGRAMS for path in PROGRAMS if path.exists()}
    return programs | {read: landlock.READ, write: landlock.WRITE}


def _prctl(option: int, *arguments: int) -> None:
    # All five arguments are passed, unused ones as 0, as the kernel requires for some options.
    if landlock.libc.prctl(option, *map(ctypes.c_ulong, (*arguments, 0, 0, 0, 0)[:4])):
        raise OSError
