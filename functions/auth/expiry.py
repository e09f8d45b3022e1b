"""Removes what has ended by time: sessions, proofs and letters, and attempts that no limit counts any more."""

import logging
import time
from threading import Lock

from functions.shared.errors import describe
from functions.shared.mysql import AWAY, Database

INTERVAL_SECONDS = 60
BATCH_ROWS = 1000
# A session is kept for an hour more: upload asks for it again at the end of a body that began before its end.
# Read first: a DELETE by time would lock every row that it reads.
FIND_AND_DELETE = {
    "SELECT id FROM sessions WHERE expires < UTC_TIMESTAMP() - INTERVAL 1 HOUR LIMIT %s": (
        "DELETE FROM sessions WHERE id IN %s"
    ),
    "SELECT id FROM proofs WHERE expires < UTC_TIMESTAMP() - INTERVAL 1 HOUR LIMIT %s": (
        "DELETE FROM proofs WHERE id IN %s"
    ),
    "SELECT id FROM letters WHERE expires < UTC_TIMESTAMP() - INTERVAL 1 HOUR LIMIT %s": (
        "DELETE FROM letters WHERE id IN %s"
    ),
    "SELECT id FROM attempts WHERE due < UTC_TIMESTAMP() - INTERVAL 1 HOUR LIMIT %s": (
        "DELETE FROM attempts WHERE id IN %s"
    ),
}

log = logging.getLogger("auth")


class Expiry:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._next = 0.0
        self._lock = Lock()

    def remove_ended(self) -> None:
        """Remove up to BATCH_ROWS of each kind, at most once a minute: after any answer, as auth has no clock."""
        with self._lock:
            if time.monotonic() < self._next:
                return
            self._next = time.monotonic() + INTERVAL_SECONDS
        try:
            with self._database.cursor() as cursor:
                for find, delete in FIND_AND_DELETE.items():
                    if cursor.execute(find, (BATCH_ROWS,)):
                        cursor.execute(delete, ([row[0] for row in cursor.fetchall()],))
        except AWAY as error:
            log.warning("expired rows not removed", extra={"error": describe(error)})
