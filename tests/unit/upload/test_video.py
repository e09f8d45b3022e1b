import io
from collections.abc import Callable
from typing import Any

import pytest

from functions.shared.problems import Problem
from functions.upload.body import Body
from functions.upload.pace import Pace
from functions.upload.quotas import Room
from functions.upload.video import LIMIT, Video


class Counting:
    """A writer that only counts."""

    def __init__(self, size: int = 0) -> None:
        self.size = size

    def write(self, data: bytes) -> int:
        self.size += len(data)
        return len(data)


ENOUGH = Room(LIMIT, LIMIT)


def take_raw(pace: Pace, content: bytes, writer: Any, room: Room = ENOUGH) -> None:
    Video(writer, room).take_raw(Body(io.BytesIO(content), pace, None, LIMIT))


def take_form(pace: Pace, content: bytes, writer: Any, room: Room = ENOUGH) -> str:
    text = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.mp4"\r\n\r\n%s\r\n--x--\r\n' % content
    return Video(writer, room).take_form(Body(io.BytesIO(text), pace, None, LIMIT), "x")


def test_four_gibibytes_are_taken(pace: Pace) -> None:
    """The limit itself is allowed, in a raw body and in a form."""
    taken = Counting(LIMIT - 3)
    take_raw(pace, b"end", taken)
    assert taken.size == LIMIT
    taken = Counting(LIMIT - 3)
    assert take_form(pace, b"end", taken) == "a.mp4"
    assert taken.size == LIMIT


@pytest.mark.parametrize("take", [take_raw, take_form])
def test_one_byte_more_is_refused(pace: Pace, take: Callable[..., object]) -> None:
    """What passes 4 GiB is refused in mid-body, whatever its length left open."""
    with pytest.raises(Problem) as caught:
        take(pace, b"more", Counting(LIMIT - 3))
    assert caught.value.status == 413


@pytest.mark.parametrize("take", [take_raw, take_form])
def test_one_byte_more_than_its_owner_has_room_for_is_refused(pace: Pace, take: Callable[..., object]) -> None:
    """A body of unknown length is 429 as soon as it passes its owner's quota, and not before."""
    take(pace, b"end", Counting(7), Room(10, 100))
    with pytest.raises(Problem) as caught:
        take(pace, b"more", Counting(7), Room(10, 100))
    assert (caught.value.status, "Retry-After" in caught.value.headers) == (429, True)
