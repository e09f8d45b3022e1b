"""Exceptions become HTTP answers."""

import logging

import flask
import pytest
from cloudevents.http import CloudEvent
from werkzeug.datastructures import Headers
from werkzeug.exceptions import InternalServerError, MethodNotAllowed, ServiceUnavailable, TooManyRequests
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from functions.shared import boundary
from functions.shared.boundary import INVALID_TOKEN, Status
from functions.shared.events import video_uploaded
from functions.shared.problems import Problem
from functions.shared.retry import RetryLater
from functions.shared.tokens import InvalidToken, Verifier
from functions.shared.trace import Trace
from tests.unit.shared.recorded import recorded

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


class Away(Exception):  # noqa: N818  # what the store raises
    pass


class QuotaExceeded(Exception):  # noqa: N818  # what a use case raises
    pass


STATUSES = {InvalidToken: INVALID_TOKEN, QuotaExceeded: Status(429, lambda error: {"Retry-After": error.args[1]})}


class Api:
    def __init__(self, error: Exception | None) -> None:
        self.error = error

    @boundary.http("The store", (Away,), STATUSES)
    def answer(self, request: Request) -> Response:
        if self.error:
            raise self.error
        return Response(request.path)


def ask(error: Exception | None, **headers: str) -> Response:
    return Api(error).answer(Request(EnvironBuilder(headers=Headers(headers)).get_environ()))


def bring(error: Exception) -> None:
    @boundary.event("The store", (Away,))
    def function(event: CloudEvent) -> None:
        raise error

    function(video_uploaded("j1"))


@pytest.mark.parametrize(
    ("error", "status", "detail"),
    [
        (Problem(404, "Job not found."), 404, "Job not found."),
        (MethodNotAllowed(["GET"]), 405, "The method is not allowed for the requested URL."),
        (Away(), 503, "The store does not answer. Retry in a few seconds."),
        (InvalidToken("Log in."), 401, "Log in."),
    ],
)
def test_expected_error_becomes_a_problem(error: Exception, status: int, detail: str) -> None:
    """Problems, the router's errors, an unavailable store and the table's errors become problems with their status."""
    response = ask(error)
    assert (response.status_code, response.content_type) == (status, "application/problem+json")
    assert (response.json or {})["detail"] == detail


def test_error_headers_are_kept() -> None:
    """The answer has `Allow`, `Retry-After` and the challenge, from werkzeug's errors, the store and the table."""
    assert ask(MethodNotAllowed(["GET", "HEAD"])).headers["Allow"] == "GET, HEAD"
    assert ask(TooManyRequests(retry_after=9)).headers["Retry-After"] == "9"
    assert ask(Away()).headers["Retry-After"] == "5"
    assert ask(InvalidToken("Log in.")).headers["WWW-Authenticate"] == 'Bearer realm="video2mp3"'


def test_table_holds_for_subclasses() -> None:
    """A subclass has the status of its base, and its headers are made from the raised error."""

    class StorageQuotaExceeded(QuotaExceeded):
        def __str__(self) -> str:
            return "Quota exceeded."

    response = ask(StorageQuotaExceeded("", "7"))
    assert (response.status_code, response.headers["Retry-After"]) == (429, "7")
    assert (response.json or {})["detail"] == "Quota exceeded."


def test_unexpected_error_is_logged_and_answered_by_500() -> None:
    """The problem does not describe the error; the log record has its traceback, and both have the trace id."""
    with recorded() as lines:
        response = ask(LookupError("odd"), traceparent=PARENT)
    line, audited = lines
    assert (audited["logger"], audited["status"], audited["outcome"]) == ("audit", 500, "LookupError")
    assert "LookupError: odd" in line["exc_info"]
    assert response.status_code == 500
    assert "odd" not in response.get_data(as_text=True)
    assert (response.json or {})["trace"] == line["trace"] == TRACE


@pytest.mark.parametrize("error", [Problem(404, "Job not found."), MethodNotAllowed(), Away(), InvalidToken("Log in.")])
def test_problem_names_the_trace_of_its_request(error: Exception) -> None:
    """The member `trace` is the trace id of the `traceparent` header."""
    assert (ask(error, traceparent=PARENT).json or {})["trace"] == TRACE


def test_event_is_handled_under_its_trace() -> None:
    """Every record of the call has the event's trace and request ids, from its attribute or from the header."""

    @boundary.event("The store", (Away,))
    def function(event: CloudEvent) -> None:
        logging.getLogger("x").info("at work")

    moved = CloudEvent({"type": "t", "source": "/s", "requestid": "order-66"})
    with recorded() as lines:
        function(video_uploaded("j1", Trace(PARENT, "order-66")))
        with flask.Flask("x").test_request_context(headers={"traceparent": PARENT}):
            function(moved)
    assert [(line["trace"], line["request"]) for line in lines] == [(TRACE, "order-66")] * 2


def test_every_answer_is_streamed() -> None:
    """Before an answer that is not streamed the framework would read the rest of the body into memory."""
    assert ask(None).is_streamed
    assert ask(Problem(404, "Job not found.")).is_streamed


def test_refused_token_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Neither a refusal nor an unavailable store puts the caller's credentials into the logs."""
    caplog.set_level(logging.DEBUG)
    with pytest.raises(InvalidToken):
        Verifier('{"keys": []}').caller("Bearer s3cret.t0ken.sig")
    for error in (InvalidToken("no"), Away("s3cret.t0ken.sig")):
        ask(error, Authorization="Bearer s3cret.t0ken.sig")
    assert "store does not answer" in caplog.text
    assert "t0ken" not in caplog.text


def test_event_is_redelivered_when_the_store_is_unavailable() -> None:
    """The broker gets 503 with `Retry-After`."""
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


@pytest.mark.parametrize("error", [LookupError("odd"), TooManyRequests("odd")])
def test_unexpected_error_is_logged_with_its_event(error: Exception) -> None:
    """The broker gets 500, also for an HTTP exception; the log record names event, type, subject and job."""
    with recorded() as lines, pytest.raises(InternalServerError):
        bring(error)
    (line,) = lines
    names = [line[name] for name in ("event", "type", "subject", "job")]
    assert names == ["j1.uploaded", "video2mp3.video.uploaded.v1", "j1", "j1"]
    assert type(error).__name__ in line["exc_info"]
    assert "odd" in line["exc_info"]
