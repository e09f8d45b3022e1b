"""The tables of accounts and sessions (infra/mysql/schema.sql)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from pymysql import IntegrityError
from pymysql.constants import ER

from functions.auth.errors import AddressTaken
from functions.shared.mysql import Database


@dataclass(frozen=True)
class Account:
    id: str
    email: str
    password_hash: str


class Accounts:
    """Every method raises one of `mysql.AWAY` if MySQL does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def register(self, email: str, password_hash: str) -> Account:
        """Insert an account and return it; raise AddressTaken if the address already has one."""
        account = Account(str(uuid4()), email, password_hash)
        with self._database.cursor() as cursor:
            try:
                cursor.execute(
                    "INSERT INTO users (id, email, password_hash, created) VALUES (%s, %s, %s, UTC_TIMESTAMP())",
                    (account.id, account.email, account.password_hash),
                )
            except IntegrityError as error:
                if error.args[0] != ER.DUP_ENTRY:
                    raise
                raise AddressTaken("This address already has an account. Log in instead.") from error
        return account

    def find(self, email: str) -> Account | None:
        return self._one("SELECT id, email, password_hash FROM users WHERE email = %s", email)

    def find_by_session(self, session: str, user: str) -> Account | None:
        """Return the account of a session that has not been ended."""
        return self._one(
            "SELECT users.id, users.email, users.password_hash FROM sessions JOIN users ON users.id = sessions.user_id"
            " WHERE sessions.id = %s AND users.id = %s",
            session,
            user,
        )

    def open_session(self, account: Account, expires: datetime) -> str | None:
        """Insert a session and return its id; None if the account was deleted or its password changed meanwhile."""
        session = str(uuid4())
        with self._database.cursor() as cursor:
            opened = cursor.execute(
                "INSERT INTO sessions (id, user_id, expires)"
                " SELECT %s, id, %s FROM users WHERE id = %s AND password_hash = %s",
                (session, expires, account.id, account.password_hash),
            )
        return session if opened else None

    def close_session(self, session: str) -> None:
        with self._database.cursor() as cursor:
            cursor.execute("DELETE FROM sessions WHERE id = %s", (session,))

    def rehash(self, account: Account, password_hash: str) -> None:
        """Replace the hash by another hash of the same password."""
        with self._database.cursor() as cursor:
            cursor.execute(
                "UPDATE users SET password_hash = %s WHERE id = %s AND password_hash = %s",
                (password_hash, account.id, account.password_hash),
            )

    def change_password(self, account: Account, password_hash: str) -> bool:
        """Set a new password and end all sessions; return False if the password was changed meanwhile."""
        with self._database.transaction() as cursor:
            changed = cursor.execute(
                "UPDATE users SET password_hash = %s WHERE id = %s AND password_hash = %s",
                (password_hash, account.id, account.password_hash),
            )
            if changed:
                cursor.execute("DELETE FROM sessions WHERE user_id = %s", (account.id,))
        return bool(changed)

    def delete(self, account: Account) -> None:
        with self._database.cursor() as cursor:
            cursor.execute("DELETE FROM users WHERE id = %s", (account.id,))  # the foreign key cascades to its sessions

    def _one(self, query: str, *values: str) -> Account | None:
        with self._database.cursor() as cursor:
            cursor.execute(query, values)
            row = cursor.fetchone()
        return Account(*row) if row else None
