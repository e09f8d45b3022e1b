"""auth over HTTP: `/auth/…`."""

import json

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from functions.auth.errors import (
    AddressTaken,
    JobsNotDeleted,
    NotAnAddress,
    PasswordRefused,
    TooManyAttempts,
    WrongLogin,
    WrongPassword,
)
from functions.auth.expiry import Expiry
from functions.auth.registration import Registration
from functions.auth.sessions import TOKEN_LIFETIME, Session, Sessions
from functions.shared import boundary
from functions.shared.boundary import Status
from functions.shared.mysql import AWAY
from functions.shared.problems import Problem
from functions.shared.tokens import InvalidToken

MAX_BODY_BYTES = 16 * 1024
DELETE_RETRY_SECONDS = 5

STATUSES = {
    InvalidToken: boundary.INVALID_TOKEN,
    WrongLogin: Status(401, lambda _error: {"WWW-Authenticate": 'Basic realm="video2mp3", charset="UTF-8"'}),
    WrongPassword: Status(403),
    AddressTaken: Status(409),
    NotAnAddress: Status(422),
    TooManyAttempts: Status(429, lambda error: {"Retry-After": str(error.seconds)}),
    PasswordRefused: Status(422),
    JobsNotDeleted: Status(503, lambda _error: {"Retry-After": str(DELETE_RETRY_SECONDS)}),
}


class Api:
    def __init__(self, registration: Registration, sessions: Sessions, expiry: Expiry, public_keys: str) -> None:
        """Serve `public_keys`, a JWKS document, as it is."""
        self._expiry = expiry
        self._registration = registration
        self._sessions = sessions
        self._public_keys = public_keys

    @boundary.http("The account store", AWAY, STATUSES)
    def answer(self, request: Request) -> Response:
        _read_body(request)
        handle, _arguments = self.ROUTES.bind_to_environ(request.environ).match()
        response: Response = handle(self, request)
        response.call_on_close(self._expiry.remove_ended)
        return response

    def _register(self, request: Request) -> Response:
        email, password = _texts(request, "email", "password")
        account = self._registration.register(email, password, _client(request))
        return _json({"id": account.id, "email": account.email}, 201)

    def _log_in(self, request: Request) -> Response:
        given = request.authorization
        if given is None or given.type != "basic" or given.username is None or given.password is None:
            raise WrongLogin("Send mail address and password with HTTP Basic, as `curl -u ADDRESS:PASSWORD` does.")
        token = self._sessions.log_in(given.username, given.password, _client(request))
        return _json({"token": token, "expires_in": int(TOKEN_LIFETIME.total_seconds())}, 200)

    def _log_out(self, request: Request) -> Response:
        self._sessions.log_out(self._authenticate(request))
        return Response(status=204)

    def _change_password(self, request: Request) -> Response:
        account = self._authenticate(request).account
        current, new = _texts(request, "current", "new")
        self._registration.change_password(account, current, new, _client(request))
        return Response(status=204)

    def _delete_account(self, request: Request) -> Response:
        account = self._authenticate(request).account
        (password,) = _texts(request, "password")
        self._registration.delete(account, request.headers["Authorization"], password, _client(request))
        return Response(status=204)

    def _verify(self, request: Request) -> Response:
        self._authenticate(request)
        return Response(status=204)

    def _show_keys(self, _request: Request) -> Response:
        headers = {"Cache-Control": "public, max-age=300"}
        return Response(self._public_keys, 200, headers, content_type="application/jwk-set+json")

    def _authenticate(self, request: Request) -> Session:
        return self._sessions.authenticate(request.headers.get("Authorization"))

    ROUTES = Map(
        [
            Rule("/auth/register", methods=["POST"], endpoint=_register),
            Rule("/auth/login", methods=["POST"], endpoint=_log_in),
            Rule("/auth/logout", methods=["POST"], endpoint=_log_out),
            Rule("/auth/password", methods=["POST"], endpoint=_change_password),
            Rule("/auth/account", methods=["DELETE"], endpoint=_delete_account),
            Rule("/auth/verify", methods=["GET"], endpoint=_verify),
            Rule("/auth/keys", methods=["GET"], endpoint=_show_keys),
        ],
        merge_slashes=False,
    )


def _client(request: Request) -> str:
    return request.remote_addr or ""


def _read_body(request: Request) -> None:
    """Read the body, which werkzeug caches: an unread rest could reset the connection before the client has the answer.

    Raises a 413 problem if the body is too large.
    """
    request.max_content_length = MAX_BODY_BYTES
    try:
        request.get_data()
    except RequestEntityTooLarge as error:
        raise Problem(
            413, f"Request bodies are limited to {MAX_BODY_BYTES // 1024} KiB. Send a smaller body."
        ) from error


def _texts(request: Request, *names: str) -> list[str]:
    """Return the strings with these names from the JSON body; raise a 400 problem if one is missing."""
    try:
        body = json.loads(request.get_data())
        texts = [body[name] for name in names]
    except (ValueError, TypeError, KeyError, RecursionError):
        texts = []
    if not texts or not all(isinstance(text, str) for text in texts):
        shape = ", ".join(f'"{name}": "…"' for name in names)
        raise Problem(400, f"The body is not the expected JSON. Send {{{shape}}}.")
    return texts


def _json(body: dict[str, object], status: int) -> Response:
    """Return a response that no cache stores: it holds one user's data."""
    text = json.dumps(body) + "\n"
    return Response(text, status, {"Cache-Control": "no-store"}, content_type="application/json")
