"""Verifies tokens and their sessions: auth keeps a row in MySQL for each session that has not ended."""

import logging

from functions.shared import mysql
from functions.shared.errors import describe
from functions.shared.mysql import Database
from functions.shared.tokens import Caller, SessionEnded, Verifier

log = logging.getLogger(__name__)


class SessionsAway(Exception):  # noqa: N818  # a state of the world, as in `SinkAway`
    """MySQL did not answer, so nobody knows whether a session has ended."""


class SessionVerifier(Verifier):
    """A verifier that also refuses the token of a session that has ended, at once."""

    def __init__(self, keys: str, database: Database) -> None:
        super().__init__(keys)
        self._database = database

    def caller(self, authorization: str | None) -> Caller:
        """Return the caller from the `Authorization` header; raise InvalidToken, or SessionsAway."""
        caller = super().caller(authorization)
        self.require_open(caller)
        return caller

    def require_open(self, caller: Caller) -> None:
        """Raise SessionEnded unless the caller's session is still open, or SessionsAway."""
        try:
            found = self._database.finds("SELECT id FROM sessions WHERE id = %s", (caller.session,))
        except mysql.AWAY as error:
            log.warning("store does not answer", extra={"store": "The account store", "error": describe(error)})
            raise SessionsAway("The account store does not answer. Retry in a few seconds.") from error
        if not found:
            raise SessionEnded
