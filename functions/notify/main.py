"""A finished job's mail: claimed, sent, then marked."""

import logging
import os
from dataclasses import dataclass

import functions_framework
from bson import ObjectId
from cloudevents.http import CloudEvent
from werkzeug.exceptions import ServiceUnavailable

from functions.notify.letter import Sender, compose
from functions.notify.server import Server, ServerAway, SmtpUrl
from functions.shared import boundary, logs, mongo
from functions.shared.job.deliveries import Mails, Outcome
from functions.shared.job.document import Job
from functions.shared.settings import Url, load

TRIES = 3  # at noting a mail's outcome, of 6 s each: with the attempt's 40 s all within its lease


@dataclass(frozen=True)
class Settings:
    mongodb_url: Url
    smtp_url: SmtpUrl
    mail_from: Sender
    public_url: Url


logs.configure()
log = logging.getLogger("notify")
SETTINGS = load(Settings, os.environ)
mails = Mails(mongo.database(SETTINGS.mongodb_url))
server = Server(SETTINGS.smtp_url)


@functions_framework.cloud_event
@boundary.event("The store", mongo.AWAY)
def notify(received: CloudEvent) -> None:
    """Mail the owner of the event's job, once; what the mail says is the job's word, not the event's."""
    subject = received.get("subject")
    job = mails.claim(ObjectId(subject)) if ObjectId.is_valid(subject) else None
    if job is None:
        log.info("nothing to mail")
        return
    outcome = _send(job)
    _settle(job, outcome)  # after sending: a crash in between repeats a mail, and loses none
    log.info("mailed", extra={"state": job.state, "outcome": outcome})


def _send(job: Job) -> Outcome:
    try:
        letter = compose(job, SETTINGS.mail_from, SETTINGS.public_url)
    except ValueError:
        log.warning("the owner's address is none that mail can go to")
        return Outcome.BOUNCED
    try:
        return server.send(letter)
    except ServerAway as error:  # the claim's lease stays: it is the back-off
        log.warning("mail server away", extra={"error": str(error)})
        raise ServiceUnavailable("The mail server is away", retry_after=60) from error


def _settle(job: Job, outcome: Outcome) -> None:
    """Note the outcome, also in a store that goes away and comes back meanwhile: what is not noted is sent again."""
    for left in reversed(range(TRIES)):
        try:
            mails.settle(job, outcome)
        except mongo.AWAY:
            if not left:
                raise
        else:
            break
