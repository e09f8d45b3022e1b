"""Limits of logins, registrations and wrong passwords, counted in MySQL: they hold on every route and in every pod.

Everything raises one of `mysql.AWAY` if MySQL does not answer.
"""

from datetime import timedelta
from hashlib import sha256
from typing import NamedTuple

from functions.auth.errors import TooManyAttempts
from functions.shared.mysql import Database

FREE_FAILURES = 10  # wrong passwords in a row before the first pause, which every further one doubles
MAX_PAUSE = timedelta(minutes=1)
FORGET_AFTER = timedelta(minutes=15)  # without a wrong password


class Rate(NamedTuple):
    """`burst` at once, then another each `interval`."""

    name: str
    interval: timedelta
    burst: int


# The gateway has the same rates per minute, and bursts that are a little smaller: it counts first.
LOGINS = Rate("login", timedelta(minutes=1) / 10, 12)
HASHES = Rate("hash", timedelta(minutes=1) / 60, 33)
# Letters about accounts that a client asks for, and those to an address: nobody can be flooded.
LETTERS = Rate("letter", timedelta(minutes=3), 10)
LETTERS_TO = Rate("letter to", timedelta(minutes=12), 5)

_TAKE = """
INSERT INTO attempts (id, failures, due) VALUES (%(id)s, 0, UTC_TIMESTAMP(6) + INTERVAL %(interval)s MICROSECOND)
ON DUPLICATE KEY UPDATE due = IF(
    due > UTC_TIMESTAMP(6) + INTERVAL %(tolerance)s MICROSECOND,
    due,
    GREATEST(due, UTC_TIMESTAMP(6)) + INTERVAL %(interval)s MICROSECOND)
"""
# Assignments take effect from left to right. Before the first pause `due` is no reason to refuse: it may be later than
# the time of a statement that waited for another one.
_TRY = """
INSERT INTO attempts (id, failures, due) VALUES (%(id)s, 1, UTC_TIMESTAMP(6))
ON DUPLICATE KEY UPDATE
    failures = IF(failures >= %(free)s AND due > UTC_TIMESTAMP(6), failures,
                  IF(due < UTC_TIMESTAMP(6) - INTERVAL %(forget)s SECOND, 1, failures + 1)),
    due = IF(failures >= %(free)s AND due > UTC_TIMESTAMP(6), due, UTC_TIMESTAMP(6) + INTERVAL
             IF(failures < %(free)s, 0, LEAST(%(longest)s, POW(2, LEAST(failures, 60) - %(free)s))) SECOND)
"""


class Throttle:
    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, rate: Rate, address: str) -> None:
        """Count a request of the address; raise TooManyAttempts beyond the rate."""
        interval = rate.interval // timedelta(microseconds=1)
        self._count(_TAKE, _id(rate.name, address), interval=interval, tolerance=(rate.burst - 1) * interval)

    def try_password(self, email: str, address: str) -> None:
        """Count an attempt as wrong before the password is compared, so that concurrent guesses count too.

        Raises TooManyAttempts during the pause that follows wrong passwords from this address for this account.
        """
        limits = {"free": FREE_FAILURES, "longest": MAX_PAUSE.total_seconds(), "forget": FORGET_AFTER.total_seconds()}
        self._count(_TRY, _id("password", email, address), **limits)

    def right_password(self, email: str, address: str) -> None:
        """Forget the wrong ones."""
        with self._database.cursor() as cursor:
            cursor.execute("DELETE FROM attempts WHERE id = %s", (_id("password", email, address),))

    def _count(self, statement: str, key: str, **values: float) -> None:
        with self._database.cursor() as cursor:
            if cursor.execute(statement, {"id": key, **values}):
                return
            cursor.execute("SELECT TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(6), due) FROM attempts WHERE id = %s", (key,))
            (seconds,) = cursor.fetchone() or (0,)
        wait = seconds - values.get("tolerance", 0) // 1_000_000
        raise TooManyAttempts(max(1, int(wait) + 1))


def _id(*parts: str) -> str:
    return sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()
