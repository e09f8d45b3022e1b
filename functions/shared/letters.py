"""The outbox of letters about accounts: the table `letters` (infra/mysql/schema.sql), which nothing else opens.

auth inserts a letter and publishes its id; notify acquires it by a lease, sends it and settles it; sweep republishes
what is overdue. Every method raises one of `mysql.AWAY` if MySQL does not answer.
"""

from enum import StrEnum
from typing import NamedTuple

from pymysql.cursors import Cursor

from functions.shared.mysql import Database

OVERDUE_SECONDS = 30  # a letter that nobody has acquired for so long: its event was lost


class Kind(StrEnum):
    VERIFY = "verify"  # the address is to be confirmed
    TAKEN = "taken"  # the address that was to be registered has an account
    RESET = "reset"  # a new password is to be set


class Letter(NamedTuple):
    """`link` and `code` prove that somebody has read the letter; both are empty in a letter of the kind TAKEN."""

    id: str
    kind: Kind
    email: str
    link: str
    code: str


def insert(cursor: Cursor, letter: Letter, lifetime_seconds: int, *, due: bool) -> None:
    """Insert a letter that is worth sending for so long; one that is not due is settled at once, and never sent."""
    cursor.execute(
        "INSERT INTO letters (id, kind, email, link, code, created, due, expires, tries, outcome)"
        " VALUES (%s, %s, %s, %s, %s, UTC_TIMESTAMP(), UTC_TIMESTAMP(6), UTC_TIMESTAMP() + INTERVAL %s SECOND, 0, %s)",
        (*letter, lifetime_seconds, None if due else "withheld"),
    )


class Letters:
    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, letter: str) -> Letter | None:
        """Acquire the letter; None if it is settled, leased, in backoff or expired, or does not exist.

        The lease is the backoff of the next attempt: 1, 2, 4 and 8 minutes.
        """
        with self._database.cursor() as cursor:
            claimed = cursor.execute(
                "UPDATE letters SET due = UTC_TIMESTAMP(6) + INTERVAL 60 * POW(2, tries) SECOND, tries = tries + 1"
                " WHERE id = %s AND outcome IS NULL AND due <= UTC_TIMESTAMP(6) AND expires > UTC_TIMESTAMP()",
                (letter,),
            )
            if not claimed:
                return None
            cursor.execute("SELECT kind, email, link, code FROM letters WHERE id = %s", (letter,))
            row = cursor.fetchone()
        if row is None:  # auth has removed it at this moment
            return None
        kind, *others = row
        return Letter(letter, Kind(kind), *others)

    def settle(self, letter: Letter, outcome: str) -> None:
        """Record the outcome, and erase what the letter proves: the store then has hashes alone."""
        with self._database.cursor() as cursor:
            cursor.execute("UPDATE letters SET outcome = %s, link = '', code = '' WHERE id = %s", (outcome, letter.id))

    def overdue(self, limit: int) -> list[str]:
        """Return the ids of letters that are due and that nobody has acquired: neither first nor after a backoff."""
        with self._database.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM letters WHERE outcome IS NULL AND expires > UTC_TIMESTAMP()"
                " AND due < UTC_TIMESTAMP(6) - INTERVAL %s SECOND LIMIT %s",
                (OVERDUE_SECONDS, limit),
            )
            return [row[0] for row in cursor.fetchall()]
