"""Slow clients, at the minimum rate and below it; half a minute for all of them."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from functions.upload.pace import WINDOW_SECONDS
from scripts.local.secrets import Secrets
from tests.integration.upload.store import Store
from tests.support.callers import Caller, newcomer
from tests.support.sending import FORM, Sending, form

LENGTH = 10 * 1024**2
HEAD, _, _ = form(('name="f"; filename="a.mp4"', b"video")).partition(b"video")
MAX_SECONDS = 60  # until a slow body is aborted
SLOWEST_RATE = 1599  # bytes a second of the upload of tests/cluster/long


def a_byte(sending: Sending) -> None:
    sending.send(b"x")


def a_chunk_of_a_byte(sending: Sending) -> None:
    sending.send_chunk(b"x")


def a_raw_body(caller: Caller) -> tuple[int, bytes, float]:
    with Sending(caller, "/upload?name=a.mp4", LENGTH) as sending:
        return sending.answer_to(a_byte, 2 * MAX_SECONDS)


def chunks(caller: Caller) -> tuple[int, bytes, float]:
    with Sending(caller, "/upload?name=a.mp4", None) as sending:
        return sending.answer_to(a_chunk_of_a_byte, 2 * MAX_SECONDS)


def a_form(caller: Caller) -> tuple[int, bytes, float]:
    with Sending(caller, "/upload", LENGTH, FORM) as sending:
        sending.send(HEAD)
        return sending.answer_to(a_byte, 2 * MAX_SECONDS)


def a_fast_start(caller: Caller) -> tuple[int, bytes, float]:
    with Sending(caller, "/upload?name=a.mp4", LENGTH) as sending:
        sending.send(bytes(LENGTH // 2))
        return sending.answer_to(a_byte, 2 * MAX_SECONDS)


def nothing(caller: Caller) -> tuple[int, bytes, float]:
    with Sending(caller, "/upload?name=a.mp4", LENGTH) as sending:
        return sending.answer_to(lambda _: None, 2 * MAX_SECONDS)


def a_forged_start(caller: Caller) -> tuple[int, bytes, float]:
    """A client's own `X-Request-Start` neither shortens nor extends its window."""
    with Sending(caller, "/upload?name=a.mp4", LENGTH, {"X-Request-Start": "t=1"}) as sending:
        answer = sending.answer_to(a_byte, 2 * MAX_SECONDS)
    assert answer[2] > WINDOW_SECONDS - 1
    return answer


def the_slowest_allowed(caller: Caller) -> tuple[int, bytes, float]:
    pieces = 40
    with Sending(caller, "/upload?name=a.mp4", pieces * SLOWEST_RATE) as sending:
        return sending.answer_to(lambda sending: sending.send(bytes(SLOWEST_RATE)), 2 * MAX_SECONDS)


SLOW = [a_raw_body, chunks, a_form, a_fast_start, nothing, a_forged_start]


@pytest.mark.timeout(3 * MAX_SECONDS)
def test_slow_bodies_are_aborted_and_the_slowest_allowed_is_accepted(
    upload: str, store: Store, secrets: Secrets
) -> None:
    """A byte a second is 408 within a minute, in every kind of body, and leaves nothing; 1.6 KB a second pass."""
    before = store.counts()
    with ThreadPoolExecutor(len(SLOW) + 1) as pool:
        taken = pool.submit(the_slowest_allowed, allowed := newcomer(upload, secrets))
        answers = list(pool.map(lambda kind: kind(newcomer(upload, secrets)), SLOW))
    assert [(status, b"30 KiB" in body, seconds < MAX_SECONDS) for status, body, seconds in answers] == [
        (408, True, True)
    ] * 6
    status, _, seconds = taken.result()
    assert (status, seconds > 35) == (202, True)
    (job,) = store.jobs(allowed.user)
    assert job["size"] == 40 * SLOWEST_RATE
    jobs, videos, chunks_ = before
    store.assert_as_before((jobs + 1, videos + 1, chunks_ + 1))
