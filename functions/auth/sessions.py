"""The table of sessions (infra/mysql/schema.sql): logins, browsers' sessions and API tokens.

Every method raises one of `mysql.AWAY` if MySQL does not answer.
"""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import uuid4

from functions.auth.accounts import Account
from functions.auth.errors import TooManyTokens
from functions.shared.mysql import Database

BROWSER_LIFETIME = timedelta(days=30)  # since it was last used
SEEN_EVERY = timedelta(minutes=1)  # how exactly the last use is known
MAX_TOKENS = 50  # of an account
MAX_LISTED = 100
MAX_DEVICE_CHARACTERS, MAX_ADDRESS_CHARACTERS = 200, 64


class Kind(StrEnum):
    LOGIN = "login"  # a JWT of POST /auth/login
    BROWSER = "browser"  # a cookie
    TOKEN = "token"  # an API token  # noqa: S105  # a word


class Scope(StrEnum):
    READ = "read"
    WRITE = "write"


class Session(NamedTuple):
    """An open session and its account; `seen` is whether its last use has just been written."""

    id: str
    kind: Kind
    scope: Scope
    seen: bool
    account: Account


class Entry(NamedTuple):
    """What its user is told about a session. Times are UTC; `used` is None if it never was."""

    id: str
    kind: Kind
    scope: Scope
    name: str | None
    device: str | None
    address: str | None
    created: datetime
    used: datetime | None
    expires: datetime


_FIND = (
    "SELECT sessions.id, kind, scope, COALESCE(last_seen > UTC_TIMESTAMP() - INTERVAL %s SECOND, FALSE),"
    " users.id, users.email, users.password_hash, users.verified"
    " FROM sessions JOIN users ON users.id = sessions.user_id WHERE "
)
_SEEN_SECONDS = SEEN_EVERY // timedelta(seconds=1)
_BROWSER_SECONDS = BROWSER_LIFETIME // timedelta(seconds=1)


class Sessions:
    def __init__(self, database: Database) -> None:
        self._database = database

    def open(
        self,
        account: Account,
        kind: Kind,
        expires: datetime,
        *,
        secret_hash: str | None = None,
        device: str = "",
        address: str = "",
    ) -> str | None:
        """Insert a session and return its id; None if the account was deleted or its password changed meanwhile."""
        session = str(uuid4())
        with self._database.cursor() as cursor:
            opened = cursor.execute(
                "INSERT INTO sessions (id, user_id, expires, kind, secret_hash, device, address, created, last_seen)"
                " SELECT %s, id, %s, %s, %s, %s, %s, UTC_TIMESTAMP(), UTC_TIMESTAMP()"
                " FROM users WHERE id = %s AND password_hash = %s",
                (session, expires, kind, secret_hash, _device(device), _address(address), *_unchanged(account)),
            )
        return session if opened else None

    def open_token(
        self, account: Account, expires: datetime, scope: Scope, name: str, *, secret_hash: str
    ) -> str | None:
        """Insert an API token and return its id, None as `open` does; raise TooManyTokens."""
        token = str(uuid4())
        with self._database.transaction() as cursor:
            # Concurrent requests wait here, and count what the one before has inserted.
            locked = "SELECT id FROM users WHERE id = %s AND password_hash = %s FOR UPDATE"
            if not cursor.execute(locked, _unchanged(account)):
                return None
            tokens = "SELECT id FROM sessions WHERE user_id = %s AND kind = %s AND expires > UTC_TIMESTAMP()"
            if cursor.execute(tokens, (account.id, Kind.TOKEN)) >= MAX_TOKENS:
                raise TooManyTokens(f"An account may have {MAX_TOKENS} API tokens. Delete one first.")
            cursor.execute(
                "INSERT INTO sessions (id, user_id, expires, kind, secret_hash, scope, name, created)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, UTC_TIMESTAMP())",
                (token, account.id, expires, Kind.TOKEN, secret_hash, scope, name),
            )
        return token

    def find_login(self, session: str, user: str) -> Session | None:
        """Return a login by the ids of its JWT. A JWT that was made from a cookie or an API token is no login."""
        return self._find("sessions.id = %s AND users.id = %s AND kind = %s", session, user, Kind.LOGIN)

    def find_by_secret(self, kind: Kind, secret_hash: str) -> Session | None:
        return self._find("secret_hash = %s AND kind = %s AND expires > UTC_TIMESTAMP()", secret_hash, kind)

    def see(self, session: str, address: str) -> None:
        """Write that the session is used now, from this address; a browser's session expires later from now on."""
        with self._database.cursor() as cursor:
            cursor.execute(
                "UPDATE sessions SET last_seen = UTC_TIMESTAMP(), address = %s,"
                " expires = IF(kind = %s, UTC_TIMESTAMP() + INTERVAL %s SECOND, expires) WHERE id = %s",
                (_address(address), Kind.BROWSER, _BROWSER_SECONDS, session),
            )

    def of(self, user: str, *kinds: Kind) -> list[Entry]:
        """Return the user's open sessions of these kinds, the last one that was used first."""
        with self._database.cursor() as cursor:
            cursor.execute(
                "SELECT id, kind, scope, name, device, address,"
                " COALESCE(created, expires - INTERVAL 1 HOUR), last_seen, expires"
                " FROM sessions WHERE user_id = %s AND kind IN %s AND expires > UTC_TIMESTAMP()"
                " ORDER BY COALESCE(last_seen, created, expires) DESC, id LIMIT %s",
                (user, kinds, MAX_LISTED),
            )
            return [_entry(*row) for row in cursor.fetchall()]

    def close(self, user: str, session: str, *kinds: Kind) -> bool:
        """End a session of the user; return whether there was one with this id, of one of these kinds."""
        with self._database.cursor() as cursor:
            statement = "DELETE FROM sessions WHERE id = %s AND user_id = %s AND kind IN %s"
            return cursor.execute(statement, (session, user, kinds)) > 0

    def close_others(self, session: Session) -> None:
        """End all logins and browsers' sessions of the session's user but itself."""
        with self._database.cursor() as cursor:
            cursor.execute(
                "DELETE FROM sessions WHERE user_id = %s AND id <> %s AND kind <> %s",
                (session.account.id, session.id, Kind.TOKEN),
            )

    def _find(self, condition: str, *values: str) -> Session | None:
        with self._database.cursor() as cursor:
            cursor.execute(_FIND + condition, (_SEEN_SECONDS, *values))
            row = cursor.fetchone()
        if row is None:
            return None
        session, kind, scope, seen, *account = row
        return Session(session, Kind(kind), Scope(scope), bool(seen), Account.of(*account))


def _entry(session: str, kind: str, scope: str, *others: Any) -> Entry:
    name, device, address, *times = others
    created, used, expires = (time and time.replace(tzinfo=UTC) for time in times)
    return Entry(session, Kind(kind), Scope(scope), name, device, address, created, used, expires)


def _unchanged(account: Account) -> tuple[str, str]:
    return account.id, account.password_hash


def _device(text: str) -> str:
    return text[:MAX_DEVICE_CHARACTERS]


def _address(text: str) -> str:
    return text[:MAX_ADDRESS_CHARACTERS]
