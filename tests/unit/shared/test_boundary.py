"""Exceptions become answers."""

import logging

import pytest
from cloudevents.http import CloudEvent
from werkzeug.datastructures import Headers
from werkzeug.exceptions import InternalServerError, MethodNotAllowed, ServiceUnavailable, TooManyRequests
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from functions.shared import boundary
from functions.shared.events import video_uploaded
from functions.shared.problems import not_found, unauthorized
from functions.shared.retry import RetryLater
from functions.shared.tokens import Verifier
from tests.unit.shared.recorded import recorded


class Away(Exception):  # noqa: N818  # what the decorated functions' store raises
    pass


def ask(error: Exception | None, **headers: str) -> Response:
    @boundary.http("The store", (Away,))
    def function(request: Request) -> Response:
        if error:
            raise error
        return Response("ok")

    return function(Request(EnvironBuilder(headers=Headers(headers)).get_environ()))


def bring(error: Exception) -> None:
    @boundary.event("The store", (Away,))
    def function(event: CloudEvent) -> None:
        raise error

    function(video_uploaded("j1"))


@pytest.mark.parametrize(
    ("error", "status"), [(not_found("job"), 404), (MethodNotAllowed(["GET"]), 405), (Away(), 503)]
)
def test_every_error_leaves_as_a_problem(error: Exception, status: int) -> None:
    """Problems, the router's refusals and an absent store are all problem documents."""
    response = ask(error)
    assert (response.status_code, response.content_type) == (status, "application/problem+json")
    assert (response.json or {})["detail"]


def test_the_headers_of_a_refusal_are_kept() -> None:
    """405 says what is allowed, and 503 when to come again."""
    assert ask(MethodNotAllowed(["GET", "HEAD"])).headers["Allow"] == "GET, HEAD"
    assert ask(TooManyRequests(retry_after=9)).headers["Retry-After"] == "9"
    assert ask(Away()).headers["Retry-After"] == "5"


def test_every_answer_is_streamed() -> None:
    """The framework gathers the rest of a body in memory before any answer that is not."""
    assert ask(None).is_streamed
    assert ask(not_found("job")).is_streamed


def test_a_refused_token_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Neither a refusal nor an absent store puts the caller's credentials into the logs."""
    caplog.set_level(logging.DEBUG)
    with pytest.raises(Exception, match="token"):
        Verifier('{"keys": []}').caller("Bearer s3cret.t0ken.sig")
    for error in (unauthorized("no"), Away("s3cret.t0ken.sig")):
        ask(error, Authorization="Bearer s3cret.t0ken.sig")
    assert "t0ken" not in caplog.text


def test_an_event_is_delivered_again_when_the_store_is_away() -> None:
    """An absent store is 503 with `Retry-After` for the broker."""
    with pytest.raises(ServiceUnavailable) as raised:
        bring(Away())
    assert raised.value.get_response().headers["Retry-After"] == "5"


def test_retry_later_is_503_with_its_own_retry_after() -> None:
    """The broker reads the handler's reason and delay, and no failure is logged."""
    with recorded() as lines, pytest.raises(ServiceUnavailable) as raised:
        bring(RetryLater("The mail server does not answer", 60))
    assert raised.value.get_response().headers["Retry-After"] == "60"
    assert raised.value.description == "The mail server does not answer"
    assert lines == []


def test_an_unforeseen_error_is_logged_with_its_event() -> None:
    """A fault of ours is 500, and its record names event, type, subject and job."""
    with recorded() as lines, pytest.raises(InternalServerError):
        bring(LookupError("odd"))
    (line,) = lines
    names = [line[name] for name in ("event", "type", "subject", "job")]
    assert names == ["j1.uploaded", "video2mp3.video.uploaded.v1", "j1", "j1"]
    assert "LookupError: odd" in line["exc_info"]


def test_an_answer_of_the_function_s_own_passes() -> None:
    """What a function raises as an HTTP answer is its answer."""
    with pytest.raises(TooManyRequests):
        bring(TooManyRequests())
