"""The edge of a function: follows the trace, translates exceptions to HTTP, adds an event's attributes to the logs."""

import functools
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

import flask
from cloudevents.http import CloudEvent
from werkzeug.exceptions import HTTPException, InternalServerError, ServiceUnavailable
from werkzeug.wrappers import Request, Response

from functions.shared import audit
from functions.shared.errors import describe
from functions.shared.logs import about
from functions.shared.problems import Problem
from functions.shared.retry import RetryLater
from functions.shared.trace import Trace, current, follow

log = logging.getLogger(__name__)

STORE_RETRY_SECONDS = 5

Exceptions = tuple[type[Exception], ...]
Api = TypeVar("Api")


@dataclass(frozen=True)
class Status:
    """The HTTP status of an error, and the headers that its status requires, made from the error."""

    code: int
    headers: Callable[[Any], Mapping[str, str]] = lambda _error: {}


SESSIONS_AWAY = Status(503, lambda _error: {"Retry-After": str(STORE_RETRY_SECONDS)})
INVALID_TOKEN = Status(401, lambda _error: {"WWW-Authenticate": 'Bearer realm="video2mp3"'})


def http(
    store: str, away: Exceptions, statuses: Mapping[type[Exception], Status]
) -> Callable[[Callable[[Api, Request], Response]], Callable[[Api, Request], Response]]:
    """Decorate a method that answers requests: every error leaves as a problem that names the request's trace.

    Every request is one line of the audit log.

    An error listed in `statuses` has its text as the problem's detail. One of `away`, which is what the store that is
    called `store` raises when it does not answer, is 503 with `Retry-After`. Any other error is 500, logged with a
    traceback.
    """
    expected: Exceptions = (Problem, HTTPException, *away, *statuses)

    def decorate(method: Callable[[Api, Request], Response]) -> Callable[[Api, Request], Response]:
        @functools.wraps(method)
        def answer(api: Api, request: Request) -> Response:
            headers, outcome = request.headers, "accepted"
            with follow(Trace.of(headers.get("traceparent"), headers.get("X-Request-Id"))):
                audit.begin()
                try:
                    response = method(api, request)
                except expected as error:
                    outcome = type(error).__name__
                    response = problem_of(error).response(current().id)
                except Exception as error:
                    outcome = type(error).__name__
                    log.exception("failed")
                    response = Problem(500, "Internal error. Report it with the `trace`.").response(current().id)
                audit.write(request.method, request.path, request.remote_addr, response.status_code, outcome)
            # functions-framework gathers the rest of the body in memory before any answer but a streamed one.
            if not response.is_streamed:
                response.response = response.iter_encoded()
            return response

        return answer

    def problem_of(error: Exception) -> Problem:
        if isinstance(error, Problem):
            return error
        if isinstance(error, HTTPException):
            return _from_werkzeug(error)
        if isinstance(error, away):
            _log_away(store, error)
            headers = {"Retry-After": str(STORE_RETRY_SECONDS)}
            return Problem(503, f"{store} does not answer. Retry in a few seconds.", headers)
        status = next(status for kind, status in statuses.items() if isinstance(error, kind))
        return Problem(status.code, str(error), status.headers(error))

    return decorate


def event(store: str, away: Exceptions) -> Callable[[Callable[[CloudEvent], None]], Callable[[CloudEvent], None]]:
    """Decorate an event function: translate its exceptions to the status that the broker reads.

    One of `away` is 503 with `Retry-After: 5`, RetryLater is 503 with its own `Retry-After`: the broker redelivers.
    Any other exception is 500, logged with a traceback. Every record of the call has the event's trace, id, type and
    subject, and its job. functions-framework passes only `ce-…` headers to the function, so the others are flask's.
    """

    def decorate(function: Callable[[CloudEvent], None]) -> Callable[[CloudEvent], None]:
        @functools.wraps(function)
        def handle(received: CloudEvent) -> None:
            subject = str(received.get("subject", ""))
            names = {"event": received["id"], "type": received["type"], "subject": subject, "job": subject}
            header = flask.request.headers.get("traceparent") if flask.has_request_context() else None
            with follow(Trace.of_event(received, header)), about(**names):
                try:
                    function(received)
                except away as error:
                    _log_away(store, error)
                    raise ServiceUnavailable(f"{store} does not answer", retry_after=STORE_RETRY_SECONDS) from error
                except RetryLater as error:
                    raise ServiceUnavailable(error.reason, retry_after=error.seconds) from error
                except Exception as error:
                    log.exception("failed")
                    raise InternalServerError from error

        return handle

    return decorate


def refusal(error: HTTPException) -> Response:
    """Return the answer to a request that functions-framework refuses: its own text repeats the request."""
    problem = _from_werkzeug(error)
    if problem.status == HTTPStatus.BAD_REQUEST:
        problem = Problem(problem.status, "Malformed HTTP request or CloudEvent. Correct the request and retry.")
    return problem.response(current().id)


def _log_away(store: str, error: Exception) -> None:
    log.warning("store does not answer", extra={"store": store, "error": describe(error)})


def _from_werkzeug(error: HTTPException) -> Problem:
    """Translate what werkzeug raises while it parses a request or finds no route."""
    code = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    headers = {name: value for name, value in error.get_headers() if name not in {"Content-Type", "Content-Length"}}
    return Problem(code, error.description or HTTPStatus(code).description, headers)
