"""A request body that is sent slowly."""

import threading


class Drip:
    """A file for `requests` to send: `rate` bytes per second until `hurry` is set, then the rest at once."""

    def __init__(self, content: bytes, rate: int) -> None:
        self.hurry = threading.Event()
        self.sent = 0
        self._content = content
        self._rate = rate

    def __len__(self) -> int:
        return len(self._content)

    def read(self, size: int) -> bytes:
        if not self.hurry.wait(1):
            size = min(size, self._rate)
        piece = self._content[self.sent : self.sent + size]
        self.sent += len(piece)
        return piece
