"""A video on its way into the store."""

from typing import Protocol

from functions.shared.media import Writer
from functions.upload.errors import TooLarge

MAX_VIDEO_BYTES = 4 * 1024**3


class Bytes(Protocol):
    """What the owner's quotas allow; `functions.upload.quotas.Reservation` is one."""

    def check(self, size: int) -> None:
        """Raise QuotaExceeded, or another refusal, unless the video may have `size` bytes."""


class Video:
    """Writes a video's bytes to the store, up to 4 GiB and the owner's allowance."""

    def __init__(self, writer: Writer, allowance: Bytes) -> None:
        self._writer = writer
        self._allowance = allowance

    def write(self, data: bytes) -> int:
        """Store the next bytes; raise TooLarge or QuotaExceeded before the first byte beyond a limit."""
        size = self._writer.size + len(data)
        if size > MAX_VIDEO_BYTES:
            raise TooLarge
        self._allowance.check(size)
        return self._writer.write(data)
