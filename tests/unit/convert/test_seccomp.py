"""The filter for both architectures, run instruction by instruction: no machine of the other one is needed."""

import ctypes
import struct
from collections.abc import Callable

import pytest

from functions.convert import seccomp

ALLOW, ASK, OLD, NOTHING, KILL = 0x7FFF0000, 0x7FC00000, 0x50026, 0x50000, 0
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
LOAD, RETURN, JUMP, EQUAL, MORE, AT_LEAST, MASK = 0x20, 0x06, 0x05, 0x15, 0x25, 0x35, 0x54

Answer = Callable[..., int]


@pytest.fixture(params=ARCHITECTURES)
def answer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Answer:
    """Return a function: the filter's answer to a call of this architecture, by name, with these arguments."""
    token, library = ARCHITECTURES[request.param], seccomp._library
    context = seccomp._context()
    native = library.seccomp_arch_native() & 0xFFFFFFFF
    if native != token:
        assert library.seccomp_arch_add(context, ctypes.c_uint32(token)) == 0
        assert library.seccomp_arch_remove(context, ctypes.c_uint32(native)) == 0
    monkeypatch.setattr(seccomp, "_context", lambda: context)
    instructions = list(struct.iter_unpack("=HBBI", seccomp.compiled()))

    def answer(call: str, *arguments: int, architecture: int = token) -> int:
        number = library.seccomp_syscall_resolve_name_arch(ctypes.c_uint32(token), call.encode())
        data = struct.pack("=iIQ6Q", number, architecture, 0, *arguments, *[0] * (6 - len(arguments)))
        return _run(instructions, data)

    return answer


def _run(instructions: list[tuple[int, ...]], data: bytes) -> int:
    accumulator = position = 0
    while True:
        code, then, otherwise, value = instructions[position]
        position += 1
        if code == RETURN:
            return value
        if code == LOAD:
            (accumulator,) = struct.unpack_from("=I", data, value)
        elif code == MASK:
            accumulator &= value
        elif code == JUMP:
            position += value
        else:
            tests = {EQUAL: accumulator == value, MORE: accumulator > value, AT_LEAST: accumulator >= value}
            position += then if tests[code] else otherwise


@pytest.mark.parametrize(
    ("call", "arguments", "expected"),
    [
        ("openat", (), ALLOW),
        ("mmap", (), ALLOW),
        ("futex", (), ALLOW),
        ("rseq", (), ALLOW),
        ("clone", (0x3D0F00,), ALLOW),
        ("clone", (0x3D0F00 | 0x10000000,), ASK),
        ("clone", (17,), ASK),
        ("clone3", (), OLD),
        ("prlimit64", (0, 3, 0, 1), ALLOW),
        ("prlimit64", (0, 3, 1, 0), ASK),
        ("prlimit64", (1, 3, 0, 1), ASK),
        ("rt_sigaction", (13,), ALLOW),
        ("rt_sigaction", (15,), NOTHING),
        ("rt_sigaction", (11,), ASK),
        ("ioctl", (2, 0x5401), ALLOW),
        ("ioctl", (2, 0x5412), ASK),
        ("fcntl", (3, 2), ALLOW),
        ("fcntl", (3, 8), ASK),
        ("sendmsg", (64,), ALLOW),
        ("sendmsg", (63,), ASK),
        ("dup", (), ALLOW),
        ("mlock", (), ASK),
        ("execve", (), ASK),
        ("tgkill", (), ASK),
        ("fchmodat", (), ASK),
        ("setxattr", (), ASK),
        ("socket", (), ASK),
    ],
)
def test_filter_answers_by_call_and_arguments(
    answer: Answer, call: str, arguments: tuple[int, ...], expected: int
) -> None:
    """The same on each architecture, whose numbers differ."""
    assert answer(call, *arguments) == expected


def test_call_of_another_architecture_kills(answer: Answer) -> None:
    """Its number would mean another call."""
    assert answer("openat", architecture=0x40000028) == KILL
