"""Accounts and their sessions (infra/mysql/schema.sql)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from pymysql import IntegrityError
from pymysql.constants import ER

from functions.auth.database import Database
from functions.shared.problems import Problem


@dataclass(frozen=True)
class Account:
    id: str
    email: str
    password_hash: str


class Accounts:
    """Everything raises one of `database.AWAY` when MySQL does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def register(self, email: str, password_hash: str) -> Account:
        """Store a new account; raise a 409 problem if the address has one."""
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
                raise Problem(409, "This address has an account already. Log in with it.") from error
        return account

    def find(self, email: str) -> Account | None:
        return self._one("SELECT id, email, password_hash FROM users WHERE email = %s", email)

    def find_by_session(self, session: str, user: str) -> Account | None:
        """Return the account of a session that nobody has ended."""
        return self._one(
            "SELECT users.id, users.email, users.password_hash FROM sessions JOIN users ON users.id = sessions.user_id"
            " WHERE sessions.id = %s AND users.id = %s",
            session,
            user,
        )

    def open_session(self, account: Account, expires: datetime) -> str | None:
        """Return a new session's id, or None if the account was deleted or its password changed since it was read."""
        session = str(uuid4())
        with self._database.cursor() as cursor:
            # Two statements, two transactions: in one, two logins at once could wait for each other's gaps.
            cursor.execute("DELETE FROM sessions WHERE user_id = %s AND expires < UTC_TIMESTAMP()", (account.id,))
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
        """Replace the hash by another one of the same password."""
        with self._database.cursor() as cursor:
            cursor.execute(
                "UPDATE users SET password_hash = %s WHERE id = %s AND password_hash = %s",
                (password_hash, account.id, account.password_hash),
            )

    def change_password(self, account: Account, password_hash: str) -> bool:
        """Set another password and end all sessions; say no if somebody else has changed it since it was read."""
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
            cursor.execute("DELETE FROM users WHERE id = %s", (account.id,))  # its sessions go by the foreign key

    def _one(self, query: str, *values: str) -> Account | None:
        with self._database.cursor() as cursor:
            cursor.execute(query, values)
            row = cursor.fetchone()
        return Account(*row) if row else None
