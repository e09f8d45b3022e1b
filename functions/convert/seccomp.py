"""Seccomp: a filter of system calls, compiled by libseccomp (Debian: libseccomp2) for this machine's architecture.

Calls of a foreign architecture kill the process, x32 included: that is libseccomp's default.
"""

import ctypes
import errno
import os

DENIED = """
socket socketpair connect bind listen accept accept4
fork vfork ptrace process_vm_readv process_vm_writev process_madvise kcmp pidfd_open pidfd_getfd pidfd_send_signal kill
mount umount2 pivot_root chroot move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr unshare setns
open_by_handle_at bpf perf_event_open io_uring_setup io_uring_enter io_uring_register userfaultfd keyctl add_key
request_key init_module finit_module delete_module kexec_load kexec_file_load
"""

_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_MASKED_EQUAL = 7
_CLONE_THREAD = 0x10000


class _Argument(ctypes.Structure):
    _fields_ = (("number", ctypes.c_uint), ("how", ctypes.c_int), ("mask", ctypes.c_uint64), ("value", ctypes.c_uint64))


class Program(ctypes.Structure):
    """The argument of `prctl(PR_SET_SECCOMP)`; it owns its instructions."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def program() -> Program:
    """Return the filter: the denied calls fail with EPERM, threads may be made but no processes."""
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(_ALLOW)))

    def deny(name: str, error: int, *arguments: _Argument) -> None:
        number = library.seccomp_syscall_resolve_name(name.encode())
        array = (_Argument * len(arguments))(*arguments)
        result = library.seccomp_rule_add_array(context, ctypes.c_uint32(_ERRNO | error), number, len(array), array)
        if result:
            raise OSError(-result, f"seccomp cannot deny {name}: {os.strerror(-result)}")

    try:
        for name in DENIED.split():
            deny(name, errno.EPERM)
        deny("clone", errno.EPERM, _Argument(0, _MASKED_EQUAL, _CLONE_THREAD, 0))
        deny("clone3", errno.ENOSYS)  # a filter cannot read its flags, which are in memory: libc falls back to clone
        return _compiled(library, context)
    finally:
        library.seccomp_release(context)


def _compiled(library: ctypes.CDLL, context: ctypes.c_void_p) -> Program:
    with open(os.memfd_create("seccomp"), "w+b") as file:  # noqa: PTH123  # it has no path
        if result := library.seccomp_export_bpf(context, file.fileno()):
            raise OSError(-result, f"seccomp cannot compile: {os.strerror(-result)}")
        file.seek(0)
        code = file.read()
    return Program(len(code) // 8, code)  # an instruction has 8 bytes
