"""Logging in by password. Everything raises one of `mysql.AWAY` if MySQL does not answer."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from functions.auth import credentials, emails
from functions.auth.accounts import Account, Accounts
from functions.auth.errors import NotAnAddress, NotVerified, WrongLogin
from functions.auth.passwords import Passwords
from functions.auth.sessions import BROWSER_LIFETIME, Kind, Sessions
from functions.auth.signer import Signer
from functions.auth.throttle import LOGINS, Throttle
from functions.shared import audit

TOKEN_LIFETIME = timedelta(hours=1)


class Client(NamedTuple):
    """Who logs in: the network address, by which attempts are limited, and the User-Agent."""

    address: str
    device: str


class BrowserSession(NamedTuple):
    """A new session of a browser: its account, the secret for its cookie, and when it ends unless it is used."""

    account: Account
    secret: str
    expires: datetime


class Logins:
    """Both methods raise WrongLogin, NotVerified or TooManyAttempts.

    Text and time of the error are the same for an unknown address and a wrong password. Attempts are limited by client,
    and wrong passwords by client and account.
    """

    def __init__(
        self,
        accounts: Accounts,
        sessions: Sessions,
        passwords: Passwords,
        throttle: Throttle,
        signer: Signer,
        *,
        verified_only: bool,
    ) -> None:
        """With `verified_only` an account whose address is not verified cannot log in: its login raises NotVerified."""
        self._accounts = accounts
        self._sessions = sessions
        self._passwords = passwords
        self._throttle = throttle
        self._signer = signer
        self._verified_only = verified_only

    def log_in(self, email: str, password: str, client: Client) -> str:
        """Start a session and return its token, valid for `TOKEN_LIFETIME`."""
        account, issued = self._check(email, password, client.address), datetime.now(UTC)
        expires = issued + TOKEN_LIFETIME
        session = self._sessions.open(account, Kind.LOGIN, expires, device=client.device, address=client.address)
        self._succeed(account, session, password, client)
        return self._signer.token(account, str(session), issued, expires)

    def log_in_browser(self, email: str, password: str, client: Client) -> BrowserSession:
        account = self._check(email, password, client.address)
        now = datetime.now(UTC).replace(microsecond=0)  # MySQL would round them
        secret, expires = credentials.new_secret(), now + BROWSER_LIFETIME
        session = self._sessions.open(
            account,
            Kind.BROWSER,
            expires,
            secret_hash=credentials.digest(secret),
            device=client.device,
            address=client.address,
        )
        self._succeed(account, session, password, client)
        return BrowserSession(account, secret, expires)

    def _succeed(self, account: Account, session: str | None, password: str, client: Client) -> None:
        if session is None:
            raise _wrong_login()
        self._throttle.right_password(account.email, client.address)
        if self._passwords.outdated(account.password_hash):
            self._accounts.rehash(account, self._passwords.hash(password))

    def _check(self, email: str, password: str, client: str) -> Account:
        self._throttle.take(LOGINS, client)
        name = _normalised(email)
        self._throttle.try_password(name or email, client)
        account = self._accounts.find(name) if name else None
        if account:
            audit.identify(account.id)
        matches = self._passwords.match(account.password_hash if account else None, password)
        if account is None or not matches:
            raise _wrong_login()
        if self._verified_only and not account.verified:
            raise NotVerified
        return account


def _normalised(email: str) -> str | None:
    try:
        return emails.normalise(email)
    except NotAnAddress:
        return None


def _wrong_login() -> WrongLogin:
    return WrongLogin("The address or the password is wrong. Check both, or register first.")
