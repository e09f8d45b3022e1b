"""A client's connection: it carries one request, which is read without a thread until the function can handle it."""

import struct
import time
from contextvars import ContextVar
from io import BytesIO
from socket import SHUT_WR, SO_LINGER, SO_SNDBUF, SOL_SOCKET, socket
from typing import Any

from gunicorn.config import Config
from gunicorn.http import message
from gunicorn.http.body import Body, ChunkedReader, EOFReader, LengthReader
from gunicorn.http.errors import LimitRequestHeaders
from gunicorn.http.parser import RequestParser
from gunicorn.workers.gthread import TConn

from functions.shared.problems import Problem
from functions.shared.server.chunks import Chunks

MAX_HEAD_BYTES, MAX_BODY_BYTES = 64 * 1024, 64 * 1024
HEAD_SECONDS, BODY_SECONDS = 10, 10
# After an answer, what still arrives of the request is discarded for that long. A connection that is closed while its
# client sends would be reset, and the client could lose the answer.
LINGER_SECONDS, LINGER_BYTES = 30, 512 * 1024**2
RECEIVE_BYTES = 256 * 1024
# A fixed size, as the kernel would enlarge the buffer up to 4 MiB and so take more from the server while the client
# reads hardly anything. The client is a proxy nearby, so a larger buffer would not be faster.
SEND_BUFFER_BYTES = 256 * 1024
RESET_AT_CLOSE = struct.pack("ii", 1, 0)  # `struct linger`

# When the connection of the current request was accepted, in seconds of `time.monotonic()`.
accepted: ContextVar[float] = ContextVar("accepted")


class Request(message.Request):
    """A request without a length has no body (RFC 9112, 6.3), where gunicorn reads until the client closes."""

    def set_body_reader(self) -> None:
        super().set_body_reader()
        self.body: Any
        self._expected_100_continue: bool
        if isinstance(self.body.reader, EOFReader):
            self.body = Body(LengthReader(self.unreader, 0))

    def expects_continue(self) -> bool:
        """Return whether the client waits for `100 Continue`, the first time only: gunicorn would send another."""
        expected, self._expected_100_continue = self._expected_100_continue, False
        return expected


class Parser(RequestParser):
    mesg_class = Request


class Connection(TConn):
    """`deadline` is the time, in seconds of `time.monotonic()`, at which the server stops to wait for the client."""

    def __init__(self, cfg: Config, connection: socket, client: Any, server: Any, *, streams: bool) -> None:
        """Read a body to its end before the request is handled, at most MAX_BODY_BYTES, unless the function `streams`.

        Raises OSError if the connection was closed already.
        """
        super().__init__(cfg, connection, client, server)
        connection.setsockopt(SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES)
        self.initialized = self.data_ready = True  # what gunicorn does in a thread at first is done here
        self.accepted = time.monotonic()
        self.deadline = self.accepted + HEAD_SECONDS
        self.answered = False
        self._streams = streams
        self._head = bytearray()
        self._request: Any = None
        self._body = bytearray()
        self._chunks = Chunks()
        self._discarded = 0

    @property
    def began(self) -> bool:
        """Whether anything of the request has arrived."""
        return bool(self._head)

    def receive(self) -> bool:
        """Read what has arrived; return whether the request can be handled.

        Raises Problem or gunicorn's ParseException for a request that is refused, OSError without a client.
        """
        try:
            data = self.sock.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return False
        if not data:
            raise ConnectionResetError
        if self._request is None:
            data = self._parse_head(data)
        if self._request is None:
            return False
        self._body += data
        if not self._streams and not self._is_whole():
            return False
        self._unreader.unread(bytes(self._body))
        if not self._streams:
            self._request.body = BytesIO(self._request.body.read())
        self.parser = iter([self._request])
        return True

    def _parse_head(self, data: bytes) -> bytes:
        """Return what follows the head; without its end, nothing."""
        seen = max(0, len(self._head) - 3)
        self._head += data
        if all(self._head.find(end, seen) < 0 for end in (b"\r\n\r\n", b"\n\n")):  # the parser refuses the second
            if len(self._head) > MAX_HEAD_BYTES:
                raise LimitRequestHeaders("head")
            return b""
        parser = Parser(self.cfg, self.sock, self.client)
        self._unreader = parser.unreader
        self._unreader.unread(bytes(self._head))
        self._request = next(parser)
        self.deadline = time.monotonic() + BODY_SECONDS
        rest: bytes = self._unreader.take_buffered()
        if not self._streams and self._request.expects_continue() and not rest:
            self.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        return rest

    def _is_whole(self) -> bool:
        """Return whether the body has arrived; raise Problem if it is too large."""
        reader = self._request.body.reader
        chunked = isinstance(reader, ChunkedReader)
        if max(len(self._body), 0 if chunked else reader.length) > MAX_BODY_BYTES:
            raise Problem(413, f"Request bodies are limited to {MAX_BODY_BYTES // 1024} KiB here. Send a smaller body.")
        return self._chunks.end(self._body) if chunked else len(self._body) >= reader.length

    def linger(self) -> None:
        """Send the end of the answer; raise OSError if the client is gone."""
        self.sock.settimeout(0)
        self.sock.shutdown(SHUT_WR)
        self.answered = True
        self.deadline = time.monotonic() + LINGER_SECONDS

    def reset(self) -> None:
        """Close without sending what is buffered: a proxy in between, and the client, learn of the end at once."""
        self.sock.setsockopt(SOL_SOCKET, SO_LINGER, RESET_AT_CLOSE)
        self.sock.close()

    def discard(self) -> bool:
        """Discard what has arrived after the answer; return whether more may come."""
        try:
            data = self.sock.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return True
        self._discarded += len(data)
        return bool(data) and self._discarded < LINGER_BYTES
