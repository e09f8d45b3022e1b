"""webhook over HTTP: `/webhook`."""

import json
from datetime import datetime, timedelta
from typing import Any

from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from functions.shared import boundary, mongo
from functions.shared.boundary import Status
from functions.shared.problems import Problem
from functions.shared.sessions import SessionsAway
from functions.shared.tokens import Caller, InvalidToken, Verifier
from functions.webhook.dispatcher import Dispatcher
from functions.webhook.endpoints import TEST_PAUSE, Endpoint, Endpoints
from functions.webhook.errors import NoEndpoint, SecretRefused, TooManyTests
from functions.webhook.messages import is_secret
from functions.webhook.targets import TargetRefused, Targets

STATUSES = {
    InvalidToken: boundary.INVALID_TOKEN,
    SessionsAway: boundary.SESSIONS_AWAY,
    NoEndpoint: Status(404),
    SecretRefused: Status(422),
    TargetRefused: Status(422),
    TooManyTests: Status(429, lambda error: {"Retry-After": str(error.seconds)}),
}


class Api:
    def __init__(self, endpoints: Endpoints, targets: Targets, dispatcher: Dispatcher, verifier: Verifier) -> None:
        self._endpoints = endpoints
        self._targets = targets
        self._dispatcher = dispatcher
        self._verifier = verifier

    @boundary.http("The store of webhooks", mongo.AWAY, STATUSES)
    def answer(self, request: Request) -> Response:
        caller = self._verifier.caller(request.headers.get("Authorization"))
        handle, _arguments = self.ROUTES.bind_to_environ(request.environ).match()
        response: Response = handle(self, request, caller)
        return response

    def _put(self, request: Request, caller: Caller) -> Response:
        url, secret = _body(request)
        if secret is not None and not is_secret(secret):
            raise SecretRefused
        self._targets.check(url)
        endpoint = self._endpoints.put(caller.user, url, secret)
        return _json(_shown(endpoint) | {"secret": endpoint.secret})

    def _show(self, _request: Request, caller: Caller) -> Response:
        return _json(_shown(self._of(caller)))

    def _remove(self, _request: Request, caller: Caller) -> Response:
        self._endpoints.remove(caller.user)
        return Response(status=204)

    def _test(self, _request: Request, caller: Caller) -> Response:
        endpoint = self._of(caller)
        if not self._endpoints.may_test(caller.user):
            raise TooManyTests(TEST_PAUSE // timedelta(seconds=1))
        answer = self._dispatcher.test(endpoint)
        return _json({"accepted": answer.accepted, "status": answer.status, "error": answer.error})

    def _of(self, caller: Caller) -> Endpoint:
        endpoint = self._endpoints.of(caller.user)
        if endpoint is None:
            raise NoEndpoint
        return endpoint

    ROUTES = Map(
        [
            Rule("/webhook", methods=["PUT"], endpoint=_put),
            Rule("/webhook", methods=["GET"], endpoint=_show),
            Rule("/webhook", methods=["DELETE"], endpoint=_remove),
            Rule("/webhook/test", methods=["POST"], endpoint=_test),
        ],
        merge_slashes=False,
    )


def _shown(endpoint: Endpoint) -> dict[str, Any]:
    """Return what its owner sees, without the secret."""
    return {
        "url": endpoint.url,
        "set": _iso(endpoint.created),
        "off": endpoint.off,
        "failing_since": endpoint.failing and _iso(endpoint.failing),
    }


def _body(request: Request) -> tuple[str, str | None]:
    """Return URL and secret of the JSON body; raise a 400 problem for any other body."""
    try:
        body = json.loads(request.get_data())
        url, secret = body["url"], body.get("secret")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        url = secret = None
    if not isinstance(url, str) or not isinstance(secret, str | None):
        raise Problem(400, 'The body is not the expected JSON. Send {"url": "https://…"}, perhaps with a "secret".')
    return url, secret


def _iso(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


def _json(body: dict[str, Any]) -> Response:
    """Return a response that no cache stores: it holds one user's data."""
    text = json.dumps(body) + "\n"
    return Response(text, 200, {"Cache-Control": "no-store"}, content_type="application/json")
