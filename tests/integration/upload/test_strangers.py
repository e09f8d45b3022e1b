"""Clients without a valid token, at upload's own route."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.integration.upload.store import Store
from tests.support.callers import Caller
from tests.support.problems import assert_problem
from tests.support.sending import Sending

STRANGERS = 70
KIB = 1024


@pytest.fixture
def strangers(upload: str) -> Iterator[list[Sending]]:
    """Uploads of 4 GB each under way, without any token."""
    stranger = Caller(upload, "nobody", "no.to.ken")
    with ExitStack() as stack:
        yield [stack.enter_context(Sending(stranger, "/upload?name=a.mp4", 4 * 1000**3)) for _ in range(STRANGERS)]


def test_refused_bodies_hold_no_thread(caller: Caller, strangers: list[Sending], store: Store) -> None:
    """Each is answered at once, though it goes on to send 2 KiB a second, and others' uploads take their time."""
    for _ in range(3):
        began = time.monotonic()
        answer = caller.call("POST", "/upload?name=a.mp4", data=b"video")
        assert (answer.status_code, time.monotonic() - began < 2) == (202, True)
        for stranger in strangers:
            stranger.send(bytes(2 * KIB))
        time.sleep(1)
    assert [stranger.answer()[0] for stranger in strangers] == [401] * STRANGERS
    assert all(stranger.ended(1) for stranger in strangers)
    assert len(store.jobs(caller.user)) == 3


@pytest.mark.parametrize("path", ["/robots.txt", "/favicon.ico", "/nothing"])
def test_unknown_route_reads_no_body(caller: Caller, path: str) -> None:
    """Whatever length is announced, the answer does not wait for the body."""
    with Sending(caller, path, 4 * 1000**3) as sending:
        assert sending.answer()[0] == 404


def test_client_that_sends_everything_first_gets_the_refusal(upload: str) -> None:
    """The server discards what it does not read, so the client's connection is not reset before the answer."""
    with Sending(Caller(upload, "nobody", "no.to.ken"), "/upload?name=a.mp4", 100 * KIB**2) as sending:
        for _ in range(100):
            sending.send(bytes(KIB**2))
        assert sending.answer()[0] == 401


def test_head_without_its_end_holds_no_thread(caller: Caller) -> None:
    """More of them than upload has threads."""
    with ExitStack() as stack:
        for _ in range(STRANGERS):
            half = stack.enter_context(Sending(caller, "/nothing", 1))
            half.send(b"xPOST /upload HTTP/1.1\r\n")
        assert_problem(caller.call("POST", "/upload?name=", data=b"video"), 422)
