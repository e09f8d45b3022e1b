"""The table of accounts (infra/mysql/schema.sql)."""

from typing import NamedTuple, Self
from uuid import uuid4

from pymysql import IntegrityError
from pymysql.constants import ER

from functions.auth.errors import AddressTaken
from functions.shared.mysql import Database

# What a letter or an invitation still proves ends with the password that it would replace.
_END_PROOFS = "DELETE FROM proofs WHERE email = %s"


class Account(NamedTuple):
    id: str
    email: str
    password_hash: str
    verified: bool = False

    @classmethod
    def of(cls, number: str, email: str, password_hash: str, verified: int) -> Self:
        """Return the account of a row."""
        return cls(number, email, password_hash, bool(verified))


class Accounts:
    """Every method raises one of `mysql.AWAY` if MySQL does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def register(self, email: str, password_hash: str, *, verified: bool = False) -> Account:
        """Insert an account and return it; raise AddressTaken if the address already has one."""
        account = Account(str(uuid4()), email, password_hash, verified)
        with self._database.cursor() as cursor:
            try:
                cursor.execute(
                    "INSERT INTO users (id, email, password_hash, created, verified)"
                    " VALUES (%s, %s, %s, UTC_TIMESTAMP(), %s)",
                    account,
                )
            except IntegrityError as error:
                if error.args[0] != ER.DUP_ENTRY:
                    raise
                raise AddressTaken("This address already has an account. Log in instead.") from error
        return account

    def find(self, email: str) -> Account | None:
        with self._database.cursor() as cursor:
            cursor.execute("SELECT id, email, password_hash, verified FROM users WHERE email = %s", (email,))
            row = cursor.fetchone()
        return Account.of(*row) if row else None

    def rehash(self, account: Account, password_hash: str) -> None:
        """Replace the hash by another hash of the same password."""
        with self._database.cursor() as cursor:
            cursor.execute(
                "UPDATE users SET password_hash = %s WHERE id = %s AND password_hash = %s",
                (password_hash, account.id, account.password_hash),
            )

    def change_password(self, account: Account, password_hash: str) -> bool:
        """Set a new password, end all sessions, API tokens and open proofs of the address.

        Returns False if the password was changed meanwhile.
        """
        with self._database.transaction() as cursor:
            changed = cursor.execute(
                "UPDATE users SET password_hash = %s WHERE id = %s AND password_hash = %s",
                (password_hash, account.id, account.password_hash),
            )
            if changed:
                cursor.execute("DELETE FROM sessions WHERE user_id = %s", (account.id,))
                cursor.execute(_END_PROOFS, (account.email,))
        return bool(changed)

    def reset_password(self, email: str, password_hash: str) -> bool:
        """Set a password, verify the address, and end all sessions, API tokens and open proofs of the address.

        Returns False without an account.
        """
        with self._database.transaction() as cursor:
            changed = cursor.execute(
                "UPDATE users SET password_hash = %s, verified = TRUE WHERE email = %s", (password_hash, email)
            )
            if changed:
                cursor.execute(
                    "DELETE sessions FROM sessions JOIN users ON users.id = sessions.user_id WHERE users.email = %s",
                    (email,),
                )
                cursor.execute(_END_PROOFS, (email,))
        return bool(changed)

    def delete(self, account: Account) -> None:
        with self._database.transaction() as cursor:
            cursor.execute("DELETE FROM users WHERE id = %s", (account.id,))  # the foreign key cascades to its sessions
            cursor.execute(_END_PROOFS, (account.email,))
