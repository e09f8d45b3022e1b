"""The use case of notify: the mail about one ended job, claimed, sent, then settled; or held for a digest."""

import logging
from collections.abc import Callable
from email.message import EmailMessage
from typing import Protocol

from bson import ObjectId
from pymongo.database import Database

from functions.notify import digest, letter
from functions.notify.allowance import Allowance
from functions.notify.letter import Sender
from functions.notify.server import ServerAway
from functions.shared.job.deliveries import Channel, Deliveries, Outcome
from functions.shared.job.document import Job
from functions.shared.job.held import Held
from functions.shared.mongo import Document
from functions.shared.retry import RetryLater
from functions.shared.settings import Url

log = logging.getLogger(__name__)

RETRY_AFTER = 60  # seconds
MAX_DIGEST_JOBS = 6000  # more than the 240 uploads per hour of a user make in a day; others wait for the next digest


class MailServer(Protocol):
    """Takes letters; `functions.notify.server.Server` is one."""

    def send(self, letter: EmailMessage) -> Outcome:
        """Return SENT once the server has accepted the letter, BOUNCED if it never will; else raise ServerAway."""


def hand_over(mail: EmailMessage, server: MailServer) -> Outcome:
    """Return what the server makes of the mail; raise RetryLater if it is away."""
    try:
        return server.send(mail)
    except ServerAway as error:
        log.warning("mail server away", extra={"error": str(error)})
        raise RetryLater("The mail server is away", RETRY_AFTER) from error


class Notifier:
    def __init__(self, database: Database[Document], server: MailServer, sender: Sender, public_url: Url) -> None:
        self._deliveries = Deliveries(database, Channel.MAIL)
        self._warnings = Deliveries(database, Channel.WARNING)
        self._held = Held(database, Channel.MAIL)
        self._allowance = Allowance(database)
        self._server = server
        self._sender = sender
        self._public_url = public_url

    def notify(self, job: ObjectId) -> None:
        """Mail the owner of `job` how it ended, once. What the mail says comes from the job, not from the event.

        A mail beyond the recipient's allowance is held. When it is due, one digest is sent about all held ones. A
        warning about the owner's webhook, which becomes due long after the mail was settled, is sent likewise.

        Raises RetryLater if the mail server is away: the claim's lease is the backoff. Raises pymongo's error if
        MongoDB is away.
        """
        delivery = self._deliveries.claim(job)
        if delivery is None:
            self._warn(job)
            return
        count = self._allowance.digest if delivery.held else self._allowance.mail
        if until := count(delivery.job):
            self._held.hold(delivery, until)
            log.info("mail held for a digest", extra={"until": until.isoformat(timespec="seconds")})
            return
        jobs = [delivery.job]
        if delivery.held:
            jobs += self._held.others(delivery.job, MAX_DIGEST_JOBS - 1)
        outcome = self._send(lambda: self._compose(jobs))
        self._deliveries.settle(jobs, outcome)  # after sending: a crash in between repeats a mail, but loses none
        log.info("mail settled", extra={"state": delivery.job.state, "outcome": outcome, "results": len(jobs)})

    def _warn(self, job: ObjectId) -> None:
        warning = self._warnings.claim(job)
        if warning is None:
            log.info("no mail due: settled, leased, held, in backoff, or the job has not ended")
            return
        outcome = Outcome.SKIPPED
        if self._allowance.warning(warning.job):
            outcome = self._send(lambda: letter.warn(warning.job, self._sender, self._public_url))
        self._warnings.settle([warning.job], outcome)
        log.info("warning settled", extra={"outcome": outcome})

    def _compose(self, jobs: list[Job]) -> EmailMessage:
        if len(jobs) == 1:
            return letter.compose(jobs[0], self._sender, self._public_url)
        return digest.compose(jobs, self._sender, self._public_url)

    def _send(self, compose: Callable[[], EmailMessage]) -> Outcome:
        try:
            mail = compose()
        except ValueError:
            log.warning("the owner's address is not a valid mail address")
            return Outcome.BOUNCED
        return hand_over(mail, self._server)
