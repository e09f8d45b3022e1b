"""A request's body as it arrives: bounded, and never taken for whole when it broke off."""

from contextlib import suppress
from typing import Protocol

from functions.shared.problems import Problem

READ = 4 * 255 * 1024  # bytes at a time: whole chunks of GridFS, about what the server reads from its socket at once


class Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Body:
    """At most `most` bytes of `stream`, of which the client announced `length`, or None in a chunked body."""

    def __init__(self, stream: Stream, length: int | None, most: int) -> None:
        if length is not None and length > most:
            raise too_large()
        self._stream = stream
        self._length = length
        self._most = most
        self._received = 0

    def read(self, size: int = READ) -> bytes:
        """Return the next bytes, none at the end; raise a 400 problem if the body broke off, a 413 one past `most`."""
        try:
            data = self._stream.read(size)
        except Exception as error:  # a connection that is gone and a malformed chunk have a dozen names in the server
            raise _broken_off() from error
        self._received += len(data)
        if not data and self._length not in {None, self._received}:
            raise _broken_off()
        if self._received > self._most:
            raise too_large()
        return data


def drain(stream: Stream, most: int) -> None:
    """Pass over what is still to come, up to `most` bytes: many clients read their answer only when all is sent."""
    body = Body(stream, None, most)
    with suppress(Problem):
        while body.read():
            pass


def too_large() -> Problem:
    return Problem(413, "A video may have 4 GiB. Send a smaller one.")


def _broken_off() -> Problem:
    return Problem(400, "The body ended before it was whole. Send it again.")
