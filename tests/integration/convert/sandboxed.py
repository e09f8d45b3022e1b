"""A program in the sandbox, started by another user or on a simulated kernel without Landlock."""

import ctypes
import errno
import json
import logging
import os
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from logging.handlers import QueueHandler
from pathlib import Path
from queue import Queue

import psutil

from functions.convert import landlock
from functions.convert.sandbox import Sandbox

MAX_BYTES = 1 << 20
# What the small programs of the tests are made of.
PROGRAMS = [Path(path) for path in ("/usr", "/lib", "/lib64", "/etc/ld.so.cache")]
PERL = "/usr/bin/perl"

_SET_DUMPABLE, _SET_KEEPCAPS, _CAP_AMBIENT, _CAP_KILL = 4, 8, 47, 5


@dataclass(frozen=True)
class Ended:
    """`code`: the program's; `said`: what it printed; `refused`: the system calls that the log names."""

    code: int
    said: str
    refused: list[str]


def without_landlock() -> Callable[[], None]:
    """Return a function that lets its process see a kernel without Landlock: the three calls answer ENOSYS."""
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(0x7FFF0000)))
    for number in (landlock.CREATE_RULESET, landlock.ADD_RULE, landlock.RESTRICT_SELF):
        assert library.seccomp_rule_add(context, ctypes.c_uint32(0x00050000 | errno.ENOSYS), number, 0) == 0

    def enter() -> None:
        if library.seccomp_load(context):
            raise OSError

    return enter


def run(folder: Path, program: str, *, user: int, has_landlock: bool, capable: bool = False) -> Ended:
    """Let a process of `user` start a Perl program in the sandbox, with a capability that is inherited if `capable`."""
    (folder / "in").write_text(program)
    (folder / "out").mkdir(exist_ok=True)
    for path in (folder, folder / "in", folder / "out"):
        os.chown(path, user, user)
    hide = None if has_landlock else without_landlock()
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        try:
            answer = json.dumps(_inside(folder, user, hide, capable=capable))
        except BaseException as error:  # noqa: BLE001  # the parent raises it
            answer = json.dumps(repr(error))
        with open(write, "w") as pipe:  # noqa: PTH123
            pipe.write(answer)
        os._exit(0)
    os.close(write)
    with open(read) as pipe:  # noqa: PTH123
        said = json.loads(pipe.read())
    os.waitpid(child, 0)
    assert isinstance(said, list), said
    return Ended(*said)


def _prctl(*arguments: int) -> None:
    assert landlock.libc.prctl(*map(ctypes.c_ulong, (*arguments, 0, 0, 0, 0)[:5])) == 0


def _keep_a_capability() -> None:
    """Keep one in all sets, as a badly made container does: it would be inherited by programs."""
    header, sets = struct.pack("=Ii", 0x20080522, 0), struct.pack("=6I", *[1 << _CAP_KILL] * 3, 0, 0, 0)
    assert landlock.libc.capset(header, sets) == 0
    _prctl(_CAP_AMBIENT, 2, _CAP_KILL)


def _inside(folder: Path, user: int, hide: Callable[[], None] | None, *, capable: bool) -> tuple[int, str, list[str]]:
    os.chdir(folder)  # as its parents may not be this user's
    if hide:
        hide()
    if user != os.geteuid():
        os.setgroups([])
        os.setresgid(user, user, user)
        _prctl(_SET_KEEPCAPS, int(capable))
        os.setresuid(user, user, user)
        if capable:
            _keep_a_capability()
        _prctl(_SET_DUMPABLE, 1)  # as a process is that was started as this user
        sys.executable = "/usr/bin/python3"  # this one may be in a home where the user may not look
    sandbox = Sandbox(MAX_BYTES, PROGRAMS)
    assert bool(sandbox.landlock) == (hide is None)
    with sandbox.start([PERL, "-e", "1"], read=Path("in"), write=Path("out")):
        pass  # the launcher runs now
    [launcher] = psutil.Process().children()
    records: Queue[logging.LogRecord] = Queue()
    logging.getLogger("functions.convert.supervisor").addHandler(QueueHandler(records))
    words = [PERL, "in", str(os.getpid()), str(launcher.pid)]
    with sandbox.start(words, read=Path("in"), write=Path("out")) as process:
        said = process.stdout.read() + process.stderr.read()
    return process.returncode or 0, said.decode(), [record.__dict__["call"] for record in records.queue]
