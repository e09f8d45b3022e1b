import io
from typing import Any

import pytest

from functions.shared.problems import Problem
from functions.upload.body import Body
from functions.upload.video import LIMIT, Video


class Counting:
    """A writer that only counts."""

    def __init__(self, size: int = 0) -> None:
        self.size = size

    def write(self, data: bytes) -> int:
        self.size += len(data)
        return len(data)


def video(writer: Any) -> Video:
    return Video(writer)


def form(content: bytes) -> Body:
    text = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.mp4"\r\n\r\n%s\r\n--x--\r\n' % content
    return Body(io.BytesIO(text), len(text), len(text))


def test_four_gibibytes_are_taken() -> None:
    """The limit itself is allowed, in a raw body and in a form."""
    taken = Counting(LIMIT - 3)
    video(taken).take_raw(Body(io.BytesIO(b"end"), 3, 3))
    assert taken.size == LIMIT
    taken = Counting(LIMIT - 3)
    assert video(taken).take_form(form(b"end"), "x") == "a.mp4"
    assert taken.size == LIMIT


def test_one_byte_more_is_refused() -> None:
    """A form's file that passes 4 GiB is refused in mid-body, whatever its form's length left open."""
    with pytest.raises(Problem) as caught:
        video(Counting(LIMIT - 3)).take_form(form(b"more"), "x")
    assert caught.value.status == 413
