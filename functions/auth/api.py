"""auth over HTTP: `/auth/…`."""

from collections.abc import Callable
from datetime import datetime
from enum import Enum, auto
from functools import partial
from typing import NamedTuple, Self

from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from functions.auth import apitokens, bodies
from functions.auth.authentication import Authentication, Presented, require_login
from functions.auth.errors import (
    AddressTaken,
    CrossSite,
    JobsNotDeleted,
    LoginRequired,
    NoSuchSession,
    NotAnAddress,
    NotVerified,
    PasswordRefused,
    ProofRefused,
    ReadOnly,
    RegistrationClosed,
    TokenRefused,
    TooManyAttempts,
    TooManyTokens,
    WrongLogin,
    WrongPassword,
    WrongSessionLogin,
)
from functions.auth.expiry import Expiry
from functions.auth.logins import TOKEN_LIFETIME, Client, Logins
from functions.auth.outbox import Outbox
from functions.auth.proofs import PROOF_LIFETIME, Proof
from functions.auth.registration import Registration
from functions.auth.sessions import Kind, Session, Sessions
from functions.auth.site import Site
from functions.auth.verification import Verification
from functions.shared import boundary, letters
from functions.shared.boundary import Status
from functions.shared.mysql import AWAY
from functions.shared.settings import Text
from functions.shared.tokens import InvalidToken
from functions.shared.trace import current

DELETE_RETRY_SECONDS = 5
# The server removes the header from requests that do not come from the gateway (functions/shared/server/clients.py).
ORIGINAL_METHOD = "X-Original-Method"

OPEN, VERIFIED, CLOSED = "open", "verified", "closed"

STATUSES = {
    InvalidToken: boundary.INVALID_TOKEN,
    WrongSessionLogin: boundary.INVALID_TOKEN,
    WrongLogin: Status(401, lambda _error: {"WWW-Authenticate": 'Basic realm="video2mp3", charset="UTF-8"'}),
    WrongPassword: Status(403),
    NotVerified: Status(403),
    RegistrationClosed: Status(403),
    ProofRefused: Status(403),
    CrossSite: Status(403, lambda _error: {"X-Refusal": "site"}),
    ReadOnly: Status(403, lambda _error: {"X-Refusal": "scope"}),
    LoginRequired: Status(403),
    NoSuchSession: Status(404),
    AddressTaken: Status(409),
    TooManyTokens: Status(409),
    NotAnAddress: Status(422),
    TokenRefused: Status(422),
    TooManyAttempts: Status(429, lambda error: {"Retry-After": str(error.seconds)}),
    PasswordRefused: Status(422),
    JobsNotDeleted: Status(503, lambda _error: {"Retry-After": str(DELETE_RETRY_SECONDS)}),
}


class Mode(Text):
    """Who may register: anybody, whoever proves to read the mails of the address, or nobody."""

    __slots__ = ()
    kind = "open, verified or closed"

    def __new__(cls, text: str) -> Self:
        if text not in {OPEN, VERIFIED, CLOSED}:
            raise ValueError
        return super().__new__(cls, text)


class Access(Enum):
    """Who may call a route."""

    ANYBODY = auto()
    CALLER = auto()  # whoever has an open session or an API token
    LOGIN = auto()  # an API token does not suffice


class Endpoint(NamedTuple):
    """A route's method of `Api`, which takes the request, the caller unless anybody may call, and the path's ids."""

    handle: Callable[..., Response]
    access: Access


class Api:
    def __init__(
        self,
        registration: Registration,
        verification: Verification,
        logins: Logins,
        sessions: Sessions,
        authentication: Authentication,
        *,
        mode: Mode,
        outbox: Outbox,
        site: Site,
        expiry: Expiry,
        public_keys: str,
    ) -> None:
        """Serve `public_keys`, a JWKS document, as it is."""
        self._registration = registration
        self._verification = verification
        self._mode = mode
        self._outbox = outbox
        self._logins = logins
        self._sessions = sessions
        self._authentication = authentication
        self._site = site
        self._expiry = expiry
        self._public_keys = public_keys

    @boundary.http("The account store", AWAY, STATUSES)
    def answer(self, request: Request) -> Response:
        bodies.read(request)
        endpoint, arguments = self.ROUTES.bind_to_environ(request.environ).match()
        response: Response
        if endpoint.access is Access.ANYBODY:
            response = endpoint.handle(self, request, **arguments)
        else:
            presented = self._presented(request)
            caller = self._authentication.identify(presented)
            if endpoint.access is Access.LOGIN:
                require_login(caller)
            self._authentication.permit(caller, presented)
            response = endpoint.handle(self, request, caller, **arguments)
            if caller.kind is Kind.BROWSER and not caller.seen and "Set-Cookie" not in response.headers:
                self._site.give(response, str(presented.cookie))  # for as long as the session, which was prolonged
        response.call_on_close(self._expiry.remove_ended)
        return response

    def _presented(self, request: Request) -> Presented:
        return Presented(
            request.headers.get("Authorization"),
            self._site.secret(request),
            request.headers.get(ORIGINAL_METHOD, request.method),
            self._site.is_origin_of(request),
            _client(request).address,
        )

    def _register(self, request: Request) -> Response:
        if self._mode == CLOSED:
            raise RegistrationClosed
        email, password = bodies.texts(request, "email", "password")
        if self._mode == VERIFIED:
            return self._written(self._verification.register(email, password, _client(request).address))
        account = self._registration.register(email, password, _client(request).address)
        return bodies.answer({"id": account.id, "email": account.email}, 201)

    def _verify_email(self, request: Request) -> Response:
        account = self._verification.verify(self._proof(request, letters.Kind.VERIFY))
        return bodies.answer({"id": account.id, "email": account.email}, 201)

    def _forgot(self, request: Request) -> Response:
        (email,) = bodies.texts(request, "email")
        return self._written(self._verification.forget(email, _client(request).address))

    def _reset(self, request: Request) -> Response:
        (password,) = bodies.texts(request, "password")
        self._verification.reset(self._proof(request, letters.Kind.RESET), password)
        return Response(status=204)

    def _proof(self, request: Request, kind: letters.Kind) -> Proof:
        client = _client(request).address
        if bodies.has(request, "secret"):
            (secret,) = bodies.texts(request, "secret")
            return self._verification.by_link(kind, secret, client)
        email, code = bodies.texts(request, "email", "code")
        return self._verification.by_code(kind, email, code, client)

    def _written(self, letter: str | None) -> Response:
        """Return the answer to whoever asked for a letter, the same whether there is one or not."""
        response = bodies.answer({"expires_in": int(PROOF_LIFETIME.total_seconds())}, 202)
        if letter:
            response.call_on_close(partial(self._outbox.publish, letter, current()))
        return response

    def _log_in(self, request: Request) -> Response:
        given = request.authorization
        if given is None or given.type != "basic" or given.username is None or given.password is None:
            raise WrongLogin("Send mail address and password with HTTP Basic, as `curl -u ADDRESS:PASSWORD` does.")
        token = self._logins.log_in(given.username, given.password, _client(request))
        return bodies.answer({"token": token, "expires_in": int(TOKEN_LIFETIME.total_seconds())}, 200)

    def _log_in_browser(self, request: Request) -> Response:
        if self._site.is_origin_of(request) is False:  # another site would log its visitor in to an account of its own
            raise CrossSite
        email, password = bodies.texts(request, "email", "password")
        try:
            opened = self._logins.log_in_browser(email, password, _client(request))
        except WrongLogin as error:
            raise WrongSessionLogin(str(error)) from error
        account, expires = opened.account, _iso(opened.expires)
        response = bodies.answer({"id": account.id, "email": account.email, "expires": expires}, 201)
        self._site.give(response, opened.secret)
        return response

    def _show_session(self, _request: Request, caller: Session) -> Response:
        return bodies.answer({"id": caller.account.id, "email": caller.account.email}, 200)

    def _log_out(self, _request: Request, caller: Session) -> Response:
        self._sessions.close(caller.account.id, caller.id, caller.kind)
        return self._ended(caller)

    def _change_password(self, request: Request, caller: Session) -> Response:
        current, new = bodies.texts(request, "current", "new")
        self._registration.change_password(caller.account, current, new, _client(request).address)
        return self._ended(caller)

    def _delete_account(self, request: Request, caller: Session) -> Response:
        (password,) = bodies.texts(request, "password")
        authorization = f"Bearer {self._authentication.exchange(caller)}"
        self._registration.delete(caller.account, authorization, password, _client(request).address)
        return self._ended(caller)

    def _list_sessions(self, _request: Request, caller: Session) -> Response:
        entries = self._sessions.of(caller.account.id, Kind.LOGIN, Kind.BROWSER)
        listed = [
            {
                "id": entry.id,
                "kind": entry.kind,
                "device": entry.device,
                "address": entry.address,
                "created": _iso(entry.created),
                "last_seen": _iso(entry.used or entry.created),
                "expires": _iso(entry.expires),
                "current": entry.id == caller.id,
            }
            for entry in entries
        ]
        return bodies.answer({"sessions": listed}, 200)

    def _end_session(self, _request: Request, caller: Session, session: str) -> Response:
        if not self._sessions.close(caller.account.id, session, Kind.LOGIN, Kind.BROWSER):
            raise NoSuchSession("Session not found. List your sessions with GET /auth/sessions.")
        return self._ended(caller) if session == caller.id else Response(status=204)

    def _end_other_sessions(self, _request: Request, caller: Session) -> Response:
        self._sessions.close_others(caller)
        return Response(status=204)

    def _create_token(self, request: Request, caller: Session) -> Response:
        name, scope = bodies.texts(request, "name", "scope")
        days = bodies.whole_number(request, "expires_in_days", apitokens.DEFAULT_DAYS)
        token = apitokens.create(self._sessions, caller.account, name, scope, days)
        times = {"created": _iso(token.created), "expires": _iso(token.expires)}
        answered = {"id": token.id, "name": token.name, "scope": token.scope, **times, "token": token.text}
        return bodies.answer(answered, 201)

    def _list_tokens(self, _request: Request, caller: Session) -> Response:
        listed = [
            {
                "id": entry.id,
                "name": entry.name,
                "scope": entry.scope,
                "created": _iso(entry.created),
                "expires": _iso(entry.expires),
                "last_used": entry.used and _iso(entry.used),
            }
            for entry in self._sessions.of(caller.account.id, Kind.TOKEN)
        ]
        return bodies.answer({"tokens": listed}, 200)

    def _delete_token(self, _request: Request, caller: Session, token: str) -> Response:
        if not self._sessions.close(caller.account.id, token, Kind.TOKEN):
            raise NoSuchSession("API token not found. List your tokens with GET /auth/tokens.")
        return Response(status=204)

    def _verify(self, request: Request, caller: Session) -> Response:
        """Answer the gateway with a JWT to pass on. Nobody else gets one: it has no scope, and functions accept it."""
        response = Response(status=204)
        if ORIGINAL_METHOD in request.headers and caller.kind is not Kind.LOGIN:  # a login's own JWT is passed on
            response.headers["X-Authorization"] = f"Bearer {self._authentication.exchange(caller)}"
        return response

    def _show_keys(self, _request: Request) -> Response:
        headers = {"Cache-Control": "public, max-age=300"}
        return Response(self._public_keys, 200, headers, content_type="application/jwk-set+json")

    def _ended(self, session: Session) -> Response:
        response = Response(status=204)
        if session.kind is Kind.BROWSER:
            self._site.take(response)
        return response

    ROUTES = Map(
        [
            Rule(path, methods=[method], endpoint=Endpoint(handle, access))
            for method, path, handle, access in (
                ("POST", "/auth/register", _register, Access.ANYBODY),
                ("POST", "/auth/verify-email", _verify_email, Access.ANYBODY),
                ("POST", "/auth/forgot", _forgot, Access.ANYBODY),
                ("POST", "/auth/reset", _reset, Access.ANYBODY),
                ("POST", "/auth/login", _log_in, Access.ANYBODY),
                ("POST", "/auth/session", _log_in_browser, Access.ANYBODY),
                ("GET", "/auth/session", _show_session, Access.CALLER),
                ("DELETE", "/auth/session", _log_out, Access.CALLER),
                ("POST", "/auth/logout", _log_out, Access.CALLER),
                ("GET", "/auth/sessions", _list_sessions, Access.LOGIN),
                ("DELETE", "/auth/sessions", _end_other_sessions, Access.LOGIN),
                ("DELETE", "/auth/sessions/<session>", _end_session, Access.LOGIN),
                ("GET", "/auth/tokens", _list_tokens, Access.LOGIN),
                ("POST", "/auth/tokens", _create_token, Access.LOGIN),
                ("DELETE", "/auth/tokens/<token>", _delete_token, Access.LOGIN),
                ("POST", "/auth/password", _change_password, Access.LOGIN),
                ("DELETE", "/auth/account", _delete_account, Access.LOGIN),
                ("GET", "/auth/verify", _verify, Access.CALLER),
                ("GET", "/auth/keys", _show_keys, Access.ANYBODY),
            )
        ],
        merge_slashes=False,
    )


def _client(request: Request) -> Client:
    return Client(request.remote_addr or "", request.headers.get("User-Agent", ""))


def _iso(time: datetime) -> str:
    return time.isoformat(timespec="seconds").replace("+00:00", "Z")
