"""The use case of notify: the mail about one ended job, claimed, sent, then settled."""

import logging
from email.message import EmailMessage
from typing import Protocol

from bson import ObjectId

from functions.notify.letter import Sender, compose
from functions.notify.server import ServerAway
from functions.shared.job.deliveries import Deliveries, Outcome
from functions.shared.job.document import Job
from functions.shared.mongo import AWAY
from functions.shared.retry import RetryLater
from functions.shared.settings import Url

log = logging.getLogger(__name__)

SETTLE_TRIES = 3  # of 6 s each: with up to 40 s of sending they end within the first lease
RETRY_AFTER = 60  # seconds


class MailServer(Protocol):
    """Takes letters; `functions.notify.server.Server` is one."""

    def send(self, letter: EmailMessage) -> Outcome:
        """Return SENT once the server has accepted the letter, BOUNCED if it never will; else raise ServerAway."""


class Notifier:
    def __init__(self, deliveries: Deliveries, server: MailServer, sender: Sender, public_url: Url) -> None:
        self._deliveries = deliveries
        self._server = server
        self._sender = sender
        self._public_url = public_url

    def notify(self, job: ObjectId) -> None:
        """Mail the owner of `job` how it ended, once. What the mail says comes from the job, not from the event.

        Raises RetryLater if the mail server is away: the claim's lease is the backoff. Raises pymongo's error if
        MongoDB is away.
        """
        claimed = self._deliveries.claim(job)
        if claimed is None:
            log.info("no mail due: settled, leased, in backoff, or the job has not ended")
            return
        outcome = self._send(claimed)
        self._settle(claimed, outcome)  # after sending: a crash in between repeats a mail, but loses none
        log.info("mail settled", extra={"state": claimed.state, "outcome": outcome})

    def _send(self, job: Job) -> Outcome:
        try:
            letter = compose(job, self._sender, self._public_url)
        except ValueError:
            log.warning("the owner's address is not a valid mail address")
            return Outcome.BOUNCED
        try:
            return self._server.send(letter)
        except ServerAway as error:
            log.warning("mail server away", extra={"error": str(error)})
            raise RetryLater("The mail server is away", RETRY_AFTER) from error

    def _settle(self, job: Job, outcome: Outcome) -> None:
        """Settle the delivery, also if MongoDB is away for a moment: a mail that is not settled is sent again."""
        for left in reversed(range(SETTLE_TRIES)):
            try:
                self._deliveries.settle(job, outcome)
            except AWAY:
                if not left:
                    raise
            else:
                break
