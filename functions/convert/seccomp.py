"""Seccomp: the list of system calls that ffmpeg may make, compiled by libseccomp (Debian: libseccomp2).

libseccomp translates the names for this machine's architecture, and leaves out calls that the architecture does not
have. Any other call waits for the supervisor's answer (functions.convert.supervisor), which is EPERM and a log line.
Calls of a foreign architecture kill the process, x32 included: that is libseccomp's default.
"""

import ctypes
import errno
import os
import signal

ALLOWED = """
openat dup read pread64 readv write writev close lseek fstat newfstatat access faccessat faccessat2
mmap munmap mremap mprotect brk
futex set_robust_list rseq set_tid_address sched_getaffinity sched_yield getpid gettid
clock_gettime clock_nanosleep getrusage getrandom getuid geteuid getgid getegid uname sysinfo
rt_sigprocmask rt_sigreturn restart_syscall exit exit_group
"""

MAX_OPEN_FILES = 64

# The flags with which glibc makes a thread. None of them makes a process or a namespace.
_THREAD = 0x3D0F00
_TCGETS, _F_GETFD, _F_SETFD, _MADV_DONTNEED = 0x5401, 1, 2, 4
_PR_SET_NAME, _ARCH_SET_FS = 15, 0x1002

_ERRNO, _NOTIFY, _ALLOW = 0x00050000, 0x7FC00000, 0x7FFF0000
_EQUAL, _AT_LEAST = 4, 5


class _Argument(ctypes.Structure):
    _fields_ = (
        ("number", ctypes.c_uint),
        ("how", ctypes.c_int),
        ("value", ctypes.c_uint64),
        ("unused", ctypes.c_uint64),
    )


def _is(number: int, value: int) -> _Argument:
    return _Argument(number, _EQUAL, value)


# Calls that are allowed with these arguments only.
ALLOWED_WITH: list[tuple[str, list[_Argument]]] = [
    ("ioctl", [_is(1, _TCGETS)]),  # is this a terminal?
    ("fcntl", [_is(1, _F_GETFD)]),
    ("fcntl", [_is(1, _F_SETFD)]),
    ("madvise", [_is(2, _MADV_DONTNEED)]),
    ("prctl", [_is(0, _PR_SET_NAME)]),
    ("arch_prctl", [_is(0, _ARCH_SET_FS)]),
    ("clone", [_is(0, _THREAD)]),
    ("prlimit64", [_is(0, 0), _is(2, 0)]),  # reads a limit of its own
    *(("rt_sigaction", [_is(0, number)]) for number in (signal.SIGABRT, signal.SIGPIPE, 32, 33)),  # the last: glibc's
    # Hands the listener to the supervisor before the program starts, which can have no descriptor of such a number.
    ("sendmsg", [_Argument(0, _AT_LEAST, MAX_OPEN_FILES)]),
]
# `rt_sigaction` for these reports success and installs no handler: a signal ends ffmpeg, and the wait status names it.
UNHANDLED_SIGNALS = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGXCPU)


def number_of(call: str) -> int:
    """Return the number of a system call of this machine."""
    found: int = _library.seccomp_syscall_resolve_name(call.encode())
    return found


def name(number: int) -> str:
    """Return the name of a system call of this machine."""
    pointer = ctypes.c_void_p(_library.seccomp_syscall_resolve_num_arch(0, number))
    if not pointer:
        return str(number)
    try:
        return ctypes.string_at(pointer).decode()
    finally:
        _libc_free(pointer)


def compiled() -> bytes:
    """Return the filter as the kernel takes it (`struct sock_filter`, 8 bytes each)."""
    context = _context()

    def rule(action: int, call: str, *arguments: _Argument) -> None:
        array = (_Argument * len(arguments))(*arguments)
        result = _library.seccomp_rule_add_array(context, ctypes.c_uint32(action), number_of(call), len(array), array)
        if result:
            raise OSError(-result, f"seccomp: no rule for {call}: {os.strerror(-result)}")

    try:
        for call in ALLOWED.split():
            rule(_ALLOW, call)
        for call, arguments in ALLOWED_WITH:
            rule(_ALLOW, call, *arguments)
        for each in UNHANDLED_SIGNALS:
            rule(_ERRNO, "rt_sigaction", _is(0, each))
        # The flags of clone3 are in memory, where no filter sees them. After ENOSYS libc uses clone.
        rule(_ERRNO | errno.ENOSYS, "clone3")
        return _exported(context)
    finally:
        _library.seccomp_release(context)


def _context() -> ctypes.c_void_p:
    return ctypes.c_void_p(_library.seccomp_init(ctypes.c_uint32(_NOTIFY)))


def _exported(context: ctypes.c_void_p) -> bytes:
    with open(os.memfd_create("seccomp"), "w+b") as file:  # noqa: PTH123  # it has no path
        if result := _library.seccomp_export_bpf(context, file.fileno()):
            raise OSError(-result, f"seccomp: cannot compile: {os.strerror(-result)}")
        file.seek(0)
        return file.read()


_library = ctypes.CDLL("libseccomp.so.2")
_library.seccomp_init.restype = ctypes.c_void_p
_library.seccomp_syscall_resolve_num_arch.restype = ctypes.c_void_p
_libc_free = ctypes.CDLL(None).free
