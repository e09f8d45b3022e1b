"""Answers the system calls that the seccomp filter does not decide (seccomp_unotify(2)), and logs what it refuses.

A filter alone has no memory and no log: it cannot allow one `execve` and refuse the next, compare a process id that is
known only later, or log what it refuses. A call costs two context switches. ffmpeg makes one such call per video: its
own `execve`.
"""

import errno
import logging
import select
import signal
import socket
import struct
from fcntl import ioctl
from typing import BinaryIO

from functions.convert import seccomp

log = logging.getLogger(__name__)

_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_NOTIFICATION = struct.Struct("=QIIiIQ6Q")  # id, process, flags, the call's number, architecture, address, arguments
_RESPONSE = struct.Struct("=QqiI")  # id, result, error, flags
_CONTINUE = 1


class Supervisor:
    def __init__(self) -> None:
        self._program = 0  # the process id, once the program was started
        self._refused: set[str] = set()

    def run(self, handover: socket.socket) -> None:
        """Receive the filter's listener by `handover`, and answer until no process has the filter any more."""
        with handover:
            _, listeners, _, _ = socket.recv_fds(handover, 1, 1)
        for descriptor in listeners:  # none, if the start failed
            with open(descriptor, "rb", buffering=0) as listener:  # noqa: PTH123  # it has no path
                self._answer_all(listener)

    def _answer_all(self, listener: BinaryIO) -> None:
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        while any(events & select.POLLIN for _, events in poll.poll()):
            notification = bytearray(_NOTIFICATION.size)
            try:
                ioctl(listener, _RECEIVE, notification)
                identity, process, _, number, _, _, *arguments = _NOTIFICATION.unpack(notification)
                allowed = self._allows(process, seccomp.name(number), arguments)
                error, flags = (0, _CONTINUE) if allowed else (-errno.EPERM, 0)
                ioctl(listener, _SEND, _RESPONSE.pack(identity, 0, error, flags))
            except OSError as gone:
                if gone.errno != errno.ENOENT:  # the process was killed meanwhile
                    raise

    def _allows(self, process: int, call: str, arguments: list[int]) -> bool:
        if not self._program:  # so far the process runs our own code, which ends by starting the program
            if call == "execve":
                self._program = process
            return True
        if call == "tgkill" and arguments[0] == self._program and arguments[2] == signal.SIGABRT:
            return True  # abort()
        if call not in self._refused:
            self._refused.add(call)
            log.warning("sandbox: system call refused", extra={"call": call, "pid": self._program})
        return False
