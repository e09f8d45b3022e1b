"""Starts programs in the sandbox, from a process of its own, which is small.

A fork copies the page tables of its process, and later each page that either side writes to: for the function, with all
that it imports, half of what ffmpeg needs for its own start. So `functions.convert.sandbox` runs this file, which
imports next to nothing: nothing of the function's, and no module that is slow to import.

Each message on the socket that is its input is one program. The program becomes a child of the launcher's parent, as if
the function had started it: the function waits for it, and it dies with the function.
"""

from __future__ import annotations

import ctypes
import fcntl
import marshal
import os
import resource
import struct
from _socket import MSG_CMSG_CLOEXEC, SCM_RIGHTS, SOL_SOCKET, socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_MESSAGE_BYTES, MAX_DESCRIPTORS = 1 << 17, 16

_CLONE_PARENT = 0x8000
_SIGKILL, _SIGPIPE, _SIGCHLD, _SIGXFSZ = 9, 13, 17, 25
_SET_PDEATHSIG, _SET_DUMPABLE, _SET_NO_NEW_PRIVS = 1, 4, 38
_CAPABILITIES = struct.pack("=Ii", 0x20080522, 0), bytes(24)  # this process, none of any kind
_SET_FILTER, _NEW_LISTENER = 1, 1 << 3

_libc = ctypes.CDLL(None, use_errno=True)


class _Filter(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def serve(channel: socket) -> None:
    """Start programs until the function closes the socket."""
    _call(_libc.prctl, _SET_DUMPABLE, 0)  # no program of this user may read or change this process
    while True:
        message, control, _, _ = channel.recvmsg(MAX_MESSAGE_BYTES, 16 + 4 * MAX_DESCRIPTORS, MSG_CMSG_CLOEXEC)
        if not message:
            return
        request = marshal.loads(message)  # noqa: S302  # nosec B302  # it is the function's
        descriptors = [number for _, _, data in control for number in memoryview(data).cast("i")]
        # os.fork knows no flags. Nothing else runs in this process, so its child needs no care.
        if _call(_libc.syscall, request["clone"], _CLONE_PARENT | _SIGCHLD) == 0:
            _become(request, *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _become(  # noqa: PLR0917  # in the order of the message
    request: dict[str, Any], report: int, out: int, error: int, handover: int, work: int, folder: int, *rules: int
) -> None:
    """Turn this process into the program; report its process id, and the error's number if that fails."""
    os.write(report, b"%d " % os.getpid())
    try:
        os.setsid()
        os.fchdir(work)
        for number, descriptor in enumerate((os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC), out, error)):
            os.dup2(descriptor, number)
        # The filter lets nothing be sent by a lower number, and the program can have no such number.
        listeners = socket(fileno=fcntl.fcntl(handover, fcntl.F_DUPFD_CLOEXEC, request["max_open_files"]))
        for signal in (_SIGPIPE, _SIGXFSZ):  # which Python ignores
            _libc.signal(signal, None)
        if (user := request["user"]) is not None:
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
        _call(_libc.prctl, _SET_PDEATHSIG, _SIGKILL)  # after the change of user, which would reset it
        _call(_libc.prctl, _SET_NO_NEW_PRIVS, 1)
        _call(_libc.capset, *_CAPABILITIES)
        for limit, values in request["limits"].items():
            resource.setrlimit(limit, values)
        for rule in rules:
            _call(_libc.syscall, request["restrict_self"], rule)
        code = request["filter"]
        program = _Filter(len(code) // 8, code)  # an instruction has 8 bytes
        listener = _call(_libc.syscall, request["seccomp"], _SET_FILTER, _NEW_LISTENER, ctypes.byref(program))
        listeners.sendmsg([b"\0"], [(SOL_SOCKET, SCM_RIGHTS, struct.pack("i", listener))])
        os.execve(f"/proc/self/fd/{folder}/{request['program']}", request["words"], request["environment"])  # noqa: S606
    except BaseException as error_:  # noqa: BLE001  # whatever it is, the function raises it
        os.write(report, b"%d" % (getattr(error_, "errno", None) or 0))
    finally:
        os._exit(1)


def _call(function: Any, *arguments: Any) -> int:
    """Call a function of libc with five arguments, unused ones as 0, as the kernel requires for some."""
    padded = (*arguments, 0, 0, 0, 0, 0)[: max(5, len(arguments))]
    result: int = function(*(ctypes.c_ulong(value) if isinstance(value, int) else value for value in padded))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


if __name__ == "__main__":
    serve(socket(fileno=0))
