"""Logging in and out. Everything raises one of `mysql.AWAY` if MySQL does not answer."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from functions.auth import emails
from functions.auth.accounts import Account, Accounts
from functions.auth.errors import NotAnAddress, WrongLogin
from functions.auth.passwords import Passwords
from functions.auth.signer import Signer
from functions.auth.throttle import LOGINS, Throttle
from functions.shared import audit
from functions.shared.tokens import SessionEnded, Verifier

TOKEN_LIFETIME = timedelta(hours=1)


@dataclass(frozen=True)
class Session:
    """A session that has not been ended, and its account."""

    id: str
    account: Account


class Sessions:
    def __init__(
        self, accounts: Accounts, passwords: Passwords, throttle: Throttle, signer: Signer, verifier: Verifier
    ) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._throttle = throttle
        self._signer = signer
        self._verifier = verifier

    def log_in(self, email: str, password: str, client: str) -> str:
        """Start a session and return its token, valid for `TOKEN_LIFETIME`; raise WrongLogin or TooManyAttempts.

        Text and time of the error are the same for an unknown address and a wrong password. Attempts are limited by
        `client`, the caller's network address, and wrong passwords by client and account.
        """
        self._throttle.take(LOGINS, client)
        name = _normalised(email)
        self._throttle.try_password(name or email, client)
        account = self._accounts.find(name) if name else None
        if account:
            audit.identify(account.id)
        matches = self._passwords.match(account.password_hash if account else None, password)
        if account is None or not matches:
            raise _wrong_login()
        issued = datetime.now(UTC)
        expires = issued + TOKEN_LIFETIME
        session = self._accounts.open_session(account, expires)
        if session is None:
            raise _wrong_login()
        self._throttle.right_password(account.email, client)
        if self._passwords.outdated(account.password_hash):
            self._accounts.rehash(account, self._passwords.hash(password))
        return self._signer.token(account.id, account.email, session, issued, expires)

    def authenticate(self, authorization: str | None) -> Session:
        """Return the session of an `Authorization` header; raise InvalidToken unless its session is still open."""
        caller = self._verifier.caller(authorization)
        account = self._accounts.find_by_session(caller.session, caller.user)
        if account is None:
            raise SessionEnded
        return Session(caller.session, account)

    def log_out(self, session: Session) -> None:
        """End the session: its token is invalid from now on."""
        self._accounts.close_session(session.id)


def _normalised(email: str) -> str | None:
    try:
        return emails.normalise(email)
    except NotAnAddress:
        return None


def _wrong_login() -> WrongLogin:
    return WrongLogin("The address or the password is wrong. Check both, or register first.")
