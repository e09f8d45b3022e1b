"""Who calls: the session of a JWT, an API token or a browser's cookie, and what it may be used for.

The gateway asks for every request of upload and download (`GET /auth/verify`), auth itself for its own routes. The
functions know JWTs only, so an API token or a cookie is exchanged for a JWT of a minute (a "phantom token").
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from functions.auth import credentials
from functions.auth.errors import CrossSite, LoginRequired, ReadOnly
from functions.auth.sessions import Kind, Scope, Session, Sessions
from functions.auth.signer import Signer
from functions.shared import audit
from functions.shared.tokens import LOG_IN, InvalidToken, SessionEnded, Verifier

EXCHANGED_LIFETIME = timedelta(minutes=1)
SAFE_METHODS = {"GET", "HEAD"}


class Presented(NamedTuple):
    """What a request presents: its `Authorization` header, and the secret in its cookie.

    `method` is what the session is used for, `from_site` whether a page of the product's own site has sent the request,
    None if no browser says so; `address` is the client's.
    """

    authorization: str | None
    cookie: str | None
    method: str
    from_site: bool | None
    address: str


class Authentication:
    """Everything raises one of `mysql.AWAY` if MySQL does not answer."""

    def __init__(self, sessions: Sessions, verifier: Verifier, signer: Signer) -> None:
        self._sessions = sessions
        self._verifier = verifier
        self._signer = signer

    def identify(self, presented: Presented) -> Session:
        """Return the open session that is presented; raise InvalidToken without one.

        `Authorization` precedes a cookie, which is then ignored.
        """
        session = self._session(presented)
        audit.identify(session.account.id)
        return session

    def permit(self, session: Session, presented: Presented) -> None:
        """Raise ReadOnly or CrossSite if the session must not be used for the method; else write that it is used."""
        if presented.method not in SAFE_METHODS:
            if session.scope is Scope.READ:
                raise ReadOnly
            if session.kind is Kind.BROWSER and not presented.from_site:
                raise CrossSite
        if not session.seen:
            self._sessions.see(session.id, presented.address)

    def exchange(self, session: Session) -> str:
        """Return a JWT of the session, valid for `EXCHANGED_LIFETIME`, for other functions."""
        now = datetime.now(UTC)
        return self._signer.token(session.account, session.id, now, now + EXCHANGED_LIFETIME)

    def _session(self, presented: Presented) -> Session:
        if not presented.authorization and presented.cookie:
            return self._opaque(Kind.BROWSER, presented.cookie, is_well_formed=credentials.is_secret(presented.cookie))
        scheme, _, token = (presented.authorization or "").partition(" ")
        if scheme.lower() == "bearer" and token.startswith(credentials.PREFIX):
            return self._opaque(Kind.TOKEN, token, is_well_formed=credentials.is_token(token))
        caller = self._verifier.caller(presented.authorization)
        if session := self._sessions.find_login(caller.session, caller.user):
            return session
        raise SessionEnded

    def _opaque(self, kind: Kind, secret: str, *, is_well_formed: bool) -> Session:
        found = self._sessions.find_by_secret(kind, credentials.digest(secret)) if is_well_formed else None
        if found is None:
            what = "API token" if kind is Kind.TOKEN else "session"
            raise InvalidToken(f"The {what} is invalid, expired or revoked. {LOG_IN}")
        return found


def require_login(session: Session) -> None:
    """Raise LoginRequired for an API token: whoever stole one neither prolongs its use nor takes over the account."""
    if session.kind is Kind.TOKEN:
        raise LoginRequired
