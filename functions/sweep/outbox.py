"""Republishes the events of letters about accounts that nobody has acquired in time."""

import logging

from functions.shared import mysql
from functions.shared.errors import describe
from functions.shared.events import SinkAway, account_mail_requested
from functions.shared.job.events import EventSink
from functions.shared.letters import Letters

log = logging.getLogger(__name__)

LIMIT = 500  # letters in one tick; the next tick continues


class Outbox:
    def __init__(self, letters: Letters, sink: EventSink) -> None:
        self._letters = letters
        self._sink = sink

    def republish(self) -> None:
        """Publish what is overdue. If MySQL or the broker is away, the next tick finds the same letters overdue."""
        try:
            overdue = self._letters.overdue(LIMIT)
            for letter in overdue:
                self._sink.send(account_mail_requested(letter))
        except mysql.AWAY as error:
            log.warning("store does not answer", extra={"store": "The account store", "error": describe(error)})
        except SinkAway as error:
            log.warning("broker away", extra={"error": str(error)})
        else:
            if overdue:
                log.info("republished", extra={"letters": len(overdue)})
