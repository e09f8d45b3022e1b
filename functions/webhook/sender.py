"""Sends a message to the address of a target that was checked, within a time that a slow receiver cannot stretch."""

import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection, HTTPException
from threading import Timer

from functions.webhook.targets import Target

ATTEMPT_SECONDS = 10  # from the connection to the status line
SUCCESS = range(200, 300)
GONE = 410


@dataclass(frozen=True)
class Answer:
    """The receiver's status, None if it did not answer; `error` says why in one word."""

    status: int | None
    error: str | None = None

    @property
    def accepted(self) -> bool:
        return self.status in SUCCESS

    @property
    def gone(self) -> bool:
        return self.status == GONE


class Sender:
    """Sends with TLS, verified by the system's CAs or as the context says. Follows no redirect and uses no proxy."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._context = context

    def post(self, target: Target, headers: Mapping[str, str], body: bytes) -> Answer:
        """POST the body; return the answer's status, whose body is not read. Ends within ATTEMPT_SECONDS."""
        deadline = time.monotonic() + ATTEMPT_SECONDS
        connection = _Connection(target, self._context or _system_context(), deadline)
        try:
            with closing(connection):
                connection.request("POST", target.path, body, dict(headers))
                return Answer(connection.getresponse().status)
        except ssl.SSLCertVerificationError:
            return Answer(None, "certificate")
        except (OSError, HTTPException, ValueError) as error:
            late = isinstance(error, TimeoutError) or time.monotonic() >= deadline
            return Answer(None, "timeout" if late else "connection")


@cache
def _system_context() -> ssl.SSLContext:
    """Return the context with the system's CAs, which takes 26 ms to read: most starts have nothing to send."""
    return ssl.create_default_context()


class _Connection(HTTPConnection):
    """Connects to the target's address; each wait ends at the deadline, however many bytes trickle in before."""

    def __init__(self, target: Target, context: ssl.SSLContext, deadline: float) -> None:
        super().__init__(target.host, target.port)
        self.default_port = 443 if target.scheme == "https" else 80  # for the header Host
        self._target = target
        self._ssl_context = context
        self._deadline = deadline
        self._guard: tuple[Timer, socket.socket] | None = None

    def connect(self) -> None:
        left = max(0.001, self._deadline - time.monotonic())
        plain = socket.create_connection((self._target.address, self._target.port), left)
        # A timeout of the socket begins anew with every byte. Shutting the connection down ends whatever waits for it.
        other = plain.dup()
        timer = Timer(max(0, self._deadline - time.monotonic()), _shut_down, [other])
        timer.daemon = True
        timer.start()
        self._guard = timer, other
        if self._target.scheme == "https":
            plain = self._ssl_context.wrap_socket(plain, server_hostname=self._target.host)
        self.sock = plain

    def close(self) -> None:
        super().close()
        if self._guard:
            timer, other = self._guard
            timer.cancel()
            other.close()


def _shut_down(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
