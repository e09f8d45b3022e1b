"""A request body as it arrives: bounded, above the minimum data rate, and never mistaken for complete."""

from types import TracebackType
from typing import Protocol, Self

from functions.upload.checksum import Checksum
from functions.upload.errors import BodyIncomplete, ChecksumMismatch, Refused, TooLarge, TooSlow
from functions.upload.pace import RateMonitor

# At a time: a whole number of GridFS chunks, about what the server reads from its socket at once.
READ_BYTES = 4 * 255 * 1024


class Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Body:
    """At most `max_bytes` of `stream`; `length` is the announced Content-Length, or None for a chunked body.

    Used as a context manager around the reads: `monitor` runs only there.
    """

    def __init__(
        self,
        stream: Stream,
        monitor: RateMonitor,
        length: int | None,
        max_bytes: int,
        checksum: Checksum | None = None,
    ) -> None:
        """Raise TooLarge if the announced length exceeds `max_bytes`."""
        if length is not None and length > max_bytes:
            raise TooLarge
        self.length = length
        self._stream = stream
        self.monitor = monitor
        self.checksum = checksum
        self._max_bytes = max_bytes
        self._received = 0

    def __enter__(self) -> Self:
        self.monitor.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.monitor.__exit__(kind, error, trace)

    def read(self, size: int = READ_BYTES) -> bytes:
        """Return the next bytes, or b"" at the end.

        Raises TooSlow, BodyIncomplete, TooLarge past `max_bytes`, or ChecksumMismatch at the end.
        """
        try:
            with self.monitor.reading():
                data = self._stream.read(size)
        except Exception as error:  # the server has a dozen types for closed connections and malformed chunks
            raise self._aborted() from error
        self._received += len(data)
        # What arrived before the end is returned first: a resumable upload keeps it.
        if not data and (self.monitor.too_slow or self.length not in {None, self._received}):
            raise self._aborted()
        if self._received > self._max_bytes:
            raise TooLarge
        if self.checksum:
            self.checksum.update(data)
            if not data and not self.checksum.matches:
                raise ChecksumMismatch
        return data

    def _aborted(self) -> Refused:
        if self.monitor.too_slow:
            return TooSlow("Less than 30 KiB arrived within 30 s. Retry on a faster connection.")
        return BodyIncomplete("The request body is incomplete. Send the video again.")
