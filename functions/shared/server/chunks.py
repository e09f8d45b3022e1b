"""Where a chunked body ends (RFC 9112, 7.1)."""


class Chunks:
    """Remembers how far a growing body was read."""

    def __init__(self) -> None:
        self._next = 0  # the next chunk's size is expected here

    def end(self, body: bytearray) -> bool:
        """Return whether the body is complete, or malformed: then the parser refuses it when it reads the body."""
        while (line := body.find(b"\r\n", self._next)) >= 0:
            try:
                size = int(body[self._next : line].partition(b";")[0], 16)
            except ValueError:
                return True
            if size <= 0:
                return body[line + 2 : line + 4] == b"\r\n" or body.find(b"\r\n\r\n", line) >= 0
            self._next = line + 2 + size + 2
        return False
