"""Where a function meets its callers: exceptions become answers, an event's names go into the logs."""

import functools
import logging
from collections.abc import Callable
from http import HTTPStatus

from cloudevents.http import CloudEvent
from werkzeug.exceptions import HTTPException, InternalServerError, ServiceUnavailable
from werkzeug.wrappers import Request, Response

from functions.shared.errors import describe
from functions.shared.logs import about
from functions.shared.problems import Problem, away
from functions.shared.retry import RetryLater

log = logging.getLogger(__name__)

Exceptions = tuple[type[Exception], ...]


def http(store: str, gone: Exceptions) -> Callable[[Callable[[Request], Response]], Callable[[Request], Response]]:
    """Decorate an HTTP function: every error leaves as a problem, and one of `gone` as 503 with `Retry-After`."""

    def decorate(function: Callable[[Request], Response]) -> Callable[[Request], Response]:
        @functools.wraps(function)
        def answer(request: Request) -> Response:
            try:
                response = function(request)
            except Problem as problem:
                response = problem.response()
            except HTTPException as error:
                response = _translate(error).response()
            except gone as error:
                log.warning("store away", extra={"store": store, "error": describe(error)})
                response = away(store).response()
            # functions-framework gathers the rest of the body in memory before any answer but a streamed one.
            if not response.is_streamed:
                response.response = response.iter_encoded()
            return response

        return answer

    return decorate


def event(store: str, gone: Exceptions) -> Callable[[Callable[[CloudEvent], None]], Callable[[CloudEvent], None]]:
    """Decorate an event function: translate its exceptions to the status that the broker reads.

    One of `gone` is 503 with `Retry-After: 5`, RetryLater is 503 with its own `Retry-After`: the broker redelivers.
    Any other exception is 500, logged with a traceback. Every record of the call names event, type, subject and job.
    """

    def decorate(function: Callable[[CloudEvent], None]) -> Callable[[CloudEvent], None]:
        @functools.wraps(function)
        def handle(received: CloudEvent) -> None:
            subject = str(received.get("subject", ""))
            names = {"event": received["id"], "type": received["type"], "subject": subject, "job": subject}
            with about(**names):
                try:
                    function(received)
                except gone as error:
                    log.warning("store away", extra={"store": store, "error": describe(error)})
                    raise ServiceUnavailable(f"{store} is away", retry_after=5) from error
                except RetryLater as error:
                    raise ServiceUnavailable(error.reason, retry_after=error.seconds) from error
                except HTTPException:
                    raise
                except Exception as error:
                    log.exception("failed")
                    raise InternalServerError from error

        return handle

    return decorate


def _translate(error: HTTPException) -> Problem:
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    headers = {name: value for name, value in error.get_headers() if name not in {"Content-Type", "Content-Length"}}
    return Problem(status, error.description or HTTPStatus(status).description, headers)
