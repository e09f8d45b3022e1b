"""A request's body as it arrives: bounded, not too slow, and never taken for whole when it broke off."""

from contextlib import suppress
from typing import Protocol

from functions.shared.problems import Problem
from functions.upload.pace import Pace

READ = 4 * 255 * 1024  # bytes at a time: whole chunks of GridFS, about what the server reads from its socket at once


class Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Body:
    """At most `most` bytes of `stream`, of which the client announced `length`, or None in a chunked body.

    They are read while their `pace` is watched: who sends too slowly is cut off.
    """

    def __init__(self, stream: Stream, pace: Pace, length: int | None, most: int) -> None:
        if length is not None and length > most:
            raise too_large()
        self.length = length
        self._stream = stream
        self._pace = pace
        self._most = most
        self._received = 0

    def read(self, size: int = READ) -> bytes:
        """Return the next bytes, none at the end; raise a problem: 408 too slow, 400 broken off, 413 past `most`."""
        try:
            with self._pace.waiting():
                data = self._stream.read(size)
        except Exception as error:  # a connection that is gone and a malformed chunk have a dozen names in the server
            raise self._broken_off() from error
        self._received += len(data)
        if self._pace.too_slow or (not data and self.length not in {None, self._received}):
            raise self._broken_off()
        if self._received > self._most:
            raise too_large()
        return data

    def _broken_off(self) -> Problem:
        if self._pace.too_slow:
            return Problem(408, "Less than 30 KiB came within 30 s. Send it again by a faster connection.")
        return Problem(400, "The body ended before it was whole. Send it again.")


def drain(stream: Stream, pace: Pace, most: int) -> None:
    """Pass over what is still to come, up to `most` bytes: many clients read their answer only when all is sent."""
    body = Body(stream, pace, None, most)
    with suppress(Problem), pace:
        while body.read():
            pass


def too_large() -> Problem:
    return Problem(413, "A video may have 4 GiB. Send a smaller one.")
