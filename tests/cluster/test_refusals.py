"""Refusals before the end of a body: by default Knative's proxies read more of it before they forward an answer."""

import pytest

from tests.support.callers import Caller
from tests.support.sending import Sending
from tests.support.visitors import Visitor

LENGTH = 10 * 1024**2
WITHIN = 60  # seconds: a slow body is aborted after half a minute, by a function that may have to start


def caller(person: Visitor) -> Caller:
    return Caller(person.gateway, person.address, str(person.http.headers["Authorization"]).removeprefix("Bearer "))


@pytest.mark.timeout(120)
def test_slow_upload_is_aborted(anna: Visitor) -> None:
    """One byte per second is answered with 408 within a minute."""
    with Sending(caller(anna), "/upload?name=slow.mp4", LENGTH) as sending:
        status, body, _ = sending.answer_to(lambda sending: sending.send(b"x"), WITHIN)
    assert (status, b"30 KiB" in body) == (408, True)


@pytest.mark.timeout(120)
def test_refusal_does_not_wait_for_the_body(anna: Visitor) -> None:
    """A video without a name is refused before any of its body has arrived."""
    with Sending(caller(anna), "/upload", LENGTH) as sending:
        assert sending.answered(20)
        assert sending.answer()[0] == 400
