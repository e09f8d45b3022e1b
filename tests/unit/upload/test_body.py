import io

import pytest

from functions.shared.problems import Problem
from functions.upload.body import READ, Body, Stream, drain
from functions.upload.pace import Pace


class Broken(io.BytesIO):
    """A connection that is reset once its bytes are read."""

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        if not data:
            raise ConnectionResetError
        return data


def read_all(stream: Stream, pace: Pace, length: int | None, most: int) -> bytes:
    return b"".join(iter(Body(stream, pace, length, most).read, b""))


@pytest.mark.parametrize("length", [None, 10])
def test_a_whole_body_is_read_to_its_end(pace: Pace, length: int | None) -> None:
    """With the announced length or without one, what came is the body."""
    assert read_all(io.BytesIO(b"0123456789"), pace, length, 10) == b"0123456789"


def test_a_short_body_broke_off(pace: Pace) -> None:
    """A body that ends before its announced length is not taken for whole."""
    with pytest.raises(Problem) as caught:
        read_all(io.BytesIO(b"012345678"), pace, 10, 10)
    assert caught.value.status == 400


def test_a_reset_body_broke_off(pace: Pace) -> None:
    """Whatever the server raises of a connection is the client's story."""
    with pytest.raises(Problem) as caught:
        read_all(Broken(b"012345678"), pace, None, 10)
    assert caught.value.status == 400


def test_an_announced_length_is_refused_before_a_byte_is_read(pace: Pace) -> None:
    """One byte too many is known from the head."""
    stream = io.BytesIO(b"0123456789")
    with pytest.raises(Problem) as caught:
        Body(stream, pace, 11, 10)
    assert caught.value.status == 413
    assert stream.tell() == 0


def test_an_unannounced_length_is_refused_when_it_is_passed(pace: Pace) -> None:
    """One byte too many is refused, and the last that is allowed is not."""
    with pytest.raises(Problem) as caught:
        read_all(io.BytesIO(bytes(READ + 1)), pace, None, READ)
    assert caught.value.status == 413
    assert len(read_all(io.BytesIO(bytes(READ)), pace, None, READ)) == READ


def test_draining_has_an_end(pace: Pace) -> None:
    """Whoever sends for ever is not listened to for ever, and who breaks off does no harm."""

    class Endless:
        given = 0

        def read(self, size: int) -> bytes:
            self.given += size
            return bytes(size)

    endless = Endless()
    drain(endless, pace, 10 * READ)
    assert endless.given == 11 * READ
    drain(Broken(b"rest"), pace, 10)
