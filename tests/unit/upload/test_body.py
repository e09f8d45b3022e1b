import io

import pytest

from functions.upload.body import READ_BYTES, Body, Stream
from functions.upload.errors import BodyIncomplete, TooLarge
from functions.upload.pace import RateMonitor


class Broken(io.BytesIO):
    """A connection that is reset after its last byte."""

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        if not data:
            raise ConnectionResetError
        return data


def read_all(stream: Stream, monitor: RateMonitor, length: int | None, max_bytes: int) -> bytes:
    return b"".join(iter(Body(stream, monitor, length, max_bytes).read, b""))


@pytest.mark.parametrize("length", [None, 10])
def test_complete_body_is_read_to_its_end(monitor: RateMonitor, length: int | None) -> None:
    """The whole body is read, with an announced length and in chunked coding."""
    assert read_all(io.BytesIO(b"0123456789"), monitor, length, 10) == b"0123456789"


def test_body_shorter_than_announced_is_incomplete(monitor: RateMonitor) -> None:
    with pytest.raises(BodyIncomplete):
        read_all(io.BytesIO(b"012345678"), monitor, 10, 10)


def test_connection_reset_makes_body_incomplete(monitor: RateMonitor) -> None:
    """Any exception of the server's reader means that the client's body is incomplete."""
    with pytest.raises(BodyIncomplete):
        read_all(Broken(b"012345678"), monitor, None, 10)


def test_announced_length_is_refused_before_a_byte_is_read(monitor: RateMonitor) -> None:
    stream = io.BytesIO(b"0123456789")
    with pytest.raises(TooLarge):
        Body(stream, monitor, 11, 10)
    assert stream.tell() == 0


def test_unannounced_length_is_refused_once_it_is_exceeded(monitor: RateMonitor) -> None:
    """A body of exactly the limit is read, one byte more is refused."""
    with pytest.raises(TooLarge):
        read_all(io.BytesIO(bytes(READ_BYTES + 1)), monitor, None, READ_BYTES)
    assert len(read_all(io.BytesIO(bytes(READ_BYTES)), monitor, None, READ_BYTES)) == READ_BYTES
