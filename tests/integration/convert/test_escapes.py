"""What a hijacked ffmpeg could try, from inside the sandbox: by each user that starts it, with and without Landlock."""

import ctypes
import os
import re
import signal
from pathlib import Path

import pytest

from functions.convert import seccomp
from tests.integration.convert import sandboxed
from tests.integration.convert.sandboxed import Ended

NUMBER = ctypes.CDLL("libseccomp.so.2").seccomp_syscall_resolve_name
REFUSED = "Operation not permitted"

# Perl expressions that are true if they succeed. `$parent` is the function's process.
ESCAPES = {
    "chmod of its file": "chmod(0666, 'in')",
    "chmod of its folder": "chmod(0, 'out')",
    "chmod of the folder above": "chmod(0, '.')",
    "chmod of a program": "chmod(0777, '/usr/bin/perl')",
    "chown": "chown(0, 0, 'in')",
    "setxattr": "!syscall(<setxattr>, 'in', 'user.a', 'b', 1, 0)",
    "removexattr": "!syscall(<removexattr>, 'in', 'user.a')",
    "utime": "utime(0, 0, 'in')",
    "unlink": "unlink('in')",
    "rename": "rename('in', 'out/in')",
    "mkdir": "mkdir('out/deep')",
    "rmdir": "rmdir('out')",
    "link": "link('in', 'out/link')",
    "symlink": "symlink('/etc/passwd', 'out/link')",
    "mknod": "!syscall(<mknodat>, -100, 'out/pipe', 0010666, 0)",
    "truncate": "truncate('in', 0)",
    "flock": "flock(DATA, 2)",
    "reading a folder": "opendir(D, 'out') && defined(readdir(D))",
    "raising its own limit": "!syscall(<prlimit64>, 0, 7, pack('QQ', 9999, 9999), 0)",
    "a limit of its parent": "!syscall(<prlimit64>, $parent, 7, pack('QQ', 3, 3), 0)",
    "reading a limit of its parent": "!syscall(<prlimit64>, $parent, 7, 0, ' ' x 16)",
    "kill of its parent": "kill(0, $parent)",
    "tkill of its parent": "!syscall(<tkill>, $parent, 0)",
    "tgkill of its parent": "!syscall(<tgkill>, $parent, $parent, 6)",
    "tgkill of itself by another signal": "!syscall(<tgkill>, 0 + $$, 0 + $$, 9)",
    "a queued signal to its parent": "!syscall(<rt_sigqueueinfo>, $parent, 6, ' ' x 128)",
    "a signal by a descriptor": "!syscall(<fcntl>, 0, 8, $parent)",  # F_SETOWN
    "a second program": "exec({'/usr/bin/true'} 'true')",
    "a second program by descriptor": "!syscall(<execveat>, 3, '', 0, 0, 0x1000)",
    "fork": "defined(fork)",
    "clone of a process": "syscall(<clone>, 17, 0, 0, 0, 0) >= 0",
    "clone of a thread in a new namespace": "syscall(<clone>, 0x3d0f00 | 0x10000000, 0, 0, 0, 0) >= 0",
    "socket of the network": "socket(S, 2, 1, 0)",
    "socket of the machine": "socket(S, 1, 1, 0)",
    "pair of sockets": "socketpair(S, R, 1, 1, 0)",
    "typing into a terminal": "!syscall(<ioctl>, 0, 0x5412, 'x')",  # TIOCSTI
    "immutable file": "!syscall(<ioctl>, 0, 0x40086602, pack('L', 0x10))",  # FS_IOC_SETFLAGS
    "answering for its supervisor": "!syscall(<ioctl>, 3, 0xc0182101, ' ' x 24)",
    "living on without its parent": "!syscall(<prctl>, 1, 0)",
    "becoming readable": "!syscall(<prctl>, 4, 1)",
    "reboot": "!syscall(<reboot>, 0, 0, 0, 0)",
    "syslog": "syscall(<syslog>, 10, 0, 0) >= 0",
    "fanotify_init": "syscall(<fanotify_init>, 0, 0) >= 0",
    "inotify_init1": "syscall(<inotify_init1>, 0) >= 0",
    "memfd_create": "syscall(<memfd_create>, 'x', 0) >= 0",
    "setuid": "!syscall(<setuid>, 0)",
    "capset": "!syscall(<capset>, pack('LL', 0x20080522, 0), \"\\377\" x 24)",
    "another filter": "!syscall(<seccomp>, 1, 0, ' ' x 16)",
}
SECRETS = [  # in /proc
    f"{process}/{name}"
    for process in ("parent", "launcher")
    for name in ("environ", "mem", "maps", "fd/0", "root/etc/passwd", "cwd/in")
]

STARTS = [
    pytest.param((user, has_landlock), id=f"{name}, {'with' if has_landlock else 'without'} Landlock")
    for user, name in (((0, "root"), (65532, "65532")) if os.geteuid() == 0 else ((os.geteuid(), "this user"),))
    for has_landlock in (True, False)
]


def perl(expression: str) -> str:
    """Return the expression with numbers for `<names>` of calls, and texts that Perl lets a call write to."""
    if "syscall(" in expression:
        expression = re.sub(r"('[^']*'|\"[^\"]*\")", r"text(\1)", expression)
    return re.sub(r"<(\w+)>", lambda call: str(NUMBER(call[1].encode())), expression)


@pytest.fixture(scope="module", params=STARTS)
def start(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, bool]:
    user, has_landlock = request.param
    return tmp_path_factory.mktemp("sandbox"), user, has_landlock


@pytest.fixture(scope="module")
def attempts(start: tuple[Path, int, bool]) -> dict[str, str]:
    """Return what each of the escapes came to, by its name."""
    lines = [f"$! = 0; print '{name}: ', (({perl(code)}) ? 'done' : $!), \"\\n\";" for name, code in ESCAPES.items()]
    lines += [f"print '{name}: ', (open(F, '<', \"/proc/${name}\") ? 'done' : $!), \"\\n\";" for name in SECRETS]
    begin = "$| = 1; my ($parent, $launcher) = map { 0 + $_ } @ARGV; sub text { my $text = shift; $text }"
    said = _run(start, f"{begin}\n{''.join(lines)}\n__DATA__\n").said
    return dict(line.split(": ", 1) for line in said.splitlines() if ": " in line)


def _run(start: tuple[Path, int, bool], program: str) -> Ended:
    folder, user, has_landlock = start
    return sandboxed.run(folder, program, user=user, has_landlock=has_landlock)


@pytest.mark.parametrize("name", ESCAPES)
def test_escape_is_refused(attempts: dict[str, str], name: str) -> None:
    """Each way to change, reach or outlast something fails with EPERM."""
    assert attempts[name] == REFUSED


@pytest.mark.parametrize("name", SECRETS)
def test_parents_cannot_be_read(attempts: dict[str, str], name: str) -> None:
    """Neither the environment with its passwords nor the memory of the function, nor the launcher's."""
    assert attempts[name] in {"Permission denied", REFUSED}


def test_every_other_call_is_refused_and_logged(start: tuple[Path, int, bool]) -> None:
    """Of all system calls that this machine has, those off the list say EPERM, and the log names each once."""
    listed = {*seccomp.ALLOWED.split(), "clone3"}
    listed |= {call for call, _ in seccomp.ALLOWED_WITH} - {"clone", "tgkill"}
    if not start[2]:  # the simulated kernel answers these itself
        listed |= {"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"}
    others = {seccomp.name(number): number for number in range(512)}
    calls = {call: number for call, number in others.items() if not call.isdigit() and call not in listed}
    assert len(calls) > 280
    program = "".join(
        f"print '{call} ', syscall({number}, 0, 0, 0, 0, 0, 0), \" $!\\n\";" for call, number in calls.items()
    )
    ended = _run(start, f"$| = 1; {program} {program}")
    assert set(ended.said.splitlines()) == {f"{call} -1 {REFUSED}" for call in calls}
    assert sorted(call for call in ended.refused if call in calls) == sorted(calls)


def test_program_may_abort(start: tuple[Path, int, bool]) -> None:
    """The signal of abort(), to itself, is allowed: its wait status says what happened."""
    assert _run(start, f"syscall({NUMBER(b'tgkill')}, 0 + $$, 0 + $$, 6); print 'done'").code == -signal.SIGABRT


def test_user_of_the_sandbox_is_not_the_functions(start: tuple[Path, int, bool]) -> None:
    """Root starts a program as a user and group that nothing else has; another user keeps its own."""
    said = _run(start, 'print "$< $> $( $)"').said
    _, user, _ = start
    own = {int(word) for word in said.split()}
    assert len(own) == 1
    assert own == {user} if user else own.pop() >= 55_000


def test_capabilities_of_its_starter_are_dropped(start: tuple[Path, int, bool]) -> None:
    """None is left in any set, whatever the process that starts it has."""
    folder, user, _ = start
    program = "open(F, '<', '/proc/self/status'); print grep(/^Cap(Inh|Prm|Eff|Amb)/, <F>)"
    said = sandboxed.run(
        folder, program, user=user, has_landlock=False, capable=True
    ).said  # with Landlock it could not read the file
    assert said.split()[1::2] == ["0" * 16] * 4


def test_newer_way_to_make_processes_is_not_there(start: tuple[Path, int, bool]) -> None:
    """Clone3, whose flags no filter sees: libc takes it for an older kernel and makes threads by clone."""
    assert _run(start, f"print syscall({NUMBER(b'clone3')}, 0, 0), $!").said == "-1Function not implemented"
