"""An upload that the test sends byte by byte."""

import socket
import struct
import time
from collections.abc import Callable
from http.client import HTTPResponse
from select import select
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.support.callers import Caller

BOUNDARY = "x-boundary-x"
CHUNKED = {"Transfer-Encoding": "chunked"}
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def form(*parts: tuple[str, bytes]) -> bytes:
    """Return a multipart body of parts, each a disposition's parameters and the content."""
    lines = b"".join(
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; {parameters}\r\n\r\n".encode() + content + b"\r\n"
        for parameters, content in parts
    )
    return lines + f"--{BOUNDARY}--\r\n".encode()


class Sending:
    """A `POST path` whose head is sent; without a length the body is chunked, in chunks of the caller."""

    method = "POST"

    def __init__(self, caller: Caller, path: str, length: int | None, headers: dict[str, str] | None = None) -> None:
        parts = urlsplit(caller.url)
        size = CHUNKED if length is None else {"Content-Length": str(length)}
        lines = [f"{self.method} {path} HTTP/1.1", f"Host: {parts.netloc}"]
        lines += [f"{name}: {value}" for name, value in (caller.headers | size | (headers or {})).items()]
        self._socket = socket.create_connection((parts.hostname or "", parts.port or 80), timeout=30)
        self.send("\r\n".join([*lines, "", ""]).encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def send_chunk(self, data: bytes) -> None:
        self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def stop(self) -> None:
        """Send no more, but keep reading."""
        self._socket.shutdown(socket.SHUT_WR)

    def vanish(self) -> None:
        """Reset the connection, as after the loss of the network."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def answered(self, seconds: float) -> bool:
        """Whether any byte of an answer, or the end, arrives within this many seconds."""
        readable, _, _ = select([self._socket], [], [], seconds)
        return bool(readable)

    def ended(self, seconds: float) -> bool:
        """Whether the connection ends within this many seconds; reads what arrives."""
        return self.answered(seconds) and self._socket.recv(65536) == b""

    def answer_to(self, piece: Callable[[Self], object], most: float) -> tuple[int, bytes, float]:
        """Send a piece each second until there is an answer; return it and its time in seconds.

        Fails when there is none after `most` seconds.
        """
        began = time.monotonic()
        while not self.answered(1):
            assert time.monotonic() - began < most
            piece(self)
        seconds = time.monotonic() - began
        return *self.answer(), seconds

    def answer(self) -> tuple[int, bytes]:
        response = HTTPResponse(self._socket)
        response.begin()
        return response.status, response.read()


class Patching(Sending):
    """The same with PATCH."""

    method = "PATCH"
