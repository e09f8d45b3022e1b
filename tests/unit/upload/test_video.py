"""The limits of a video's size, in a raw body and in a form."""

import io
from collections.abc import Callable
from typing import Any

import pytest

from functions.shared.job.options import DEFAULT
from functions.upload.body import Body
from functions.upload.errors import QuotaExceeded, TooLarge
from functions.upload.pace import RateMonitor
from functions.upload.quotas import Allowance
from functions.upload.sources import Form, RawBody
from functions.upload.video import MAX_VIDEO_BYTES, Video


class Counting:
    """A writer that only counts."""

    def __init__(self, size: int = 0) -> None:
        self.size = size

    def write(self, data: bytes) -> int:
        self.size += len(data)
        return len(data)


AMPLE = Allowance(MAX_VIDEO_BYTES, MAX_VIDEO_BYTES)


def save_raw(monitor: RateMonitor, content: bytes, writer: Any, allowance: Allowance = AMPLE) -> str:
    body = Body(io.BytesIO(content), monitor, None, MAX_VIDEO_BYTES)
    return RawBody(body, "a.mp4", DEFAULT).save(Video(writer, allowance)).name


def save_form(monitor: RateMonitor, content: bytes, writer: Any, allowance: Allowance = AMPLE) -> str:
    text = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.mp4"\r\n\r\n%s\r\n--x--\r\n' % content
    body = Body(io.BytesIO(text), monitor, None, MAX_VIDEO_BYTES)
    return Form(body, "x", DEFAULT).save(Video(writer, allowance)).name


@pytest.mark.parametrize("save", [save_raw, save_form])
def test_video_of_four_gibibytes_is_saved(monitor: RateMonitor, save: Callable[..., str]) -> None:
    """A video of exactly the limit is saved."""
    writer = Counting(MAX_VIDEO_BYTES - 3)
    assert save(monitor, b"end", writer) == "a.mp4"
    assert writer.size == MAX_VIDEO_BYTES


@pytest.mark.parametrize("save", [save_raw, save_form])
def test_one_byte_more_is_refused(monitor: RateMonitor, save: Callable[..., str]) -> None:
    """A body of unknown length is refused as soon as it exceeds 4 GiB."""
    with pytest.raises(TooLarge, match=r"^Videos are limited to 4 GiB\."):
        save(monitor, b"more", Counting(MAX_VIDEO_BYTES - 3))


@pytest.mark.parametrize("save", [save_raw, save_form])
def test_one_byte_more_than_the_owners_allowance_is_refused(monitor: RateMonitor, save: Callable[..., str]) -> None:
    """A body of unknown length is refused as soon as it exceeds its owner's quota, and not before."""
    save(monitor, b"end", Counting(7), Allowance(10, 100))
    with pytest.raises(QuotaExceeded) as refused:
        save(monitor, b"more", Counting(7), Allowance(10, 100))
    assert refused.value.retry_after > 0
