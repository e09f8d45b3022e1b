"""Mails the owner of an ended job: `audio.converted` or `conversion.failed` in, a mail out."""

import functools
import os
from dataclasses import dataclass

import functions_framework
from bson import ObjectId
from cloudevents.http import CloudEvent

from functions.notify.letter import Sender
from functions.notify.notifier import Notifier
from functions.notify.server import Server, SmtpUrl
from functions.shared import boundary, logs, mongo
from functions.shared.events import VIDEO_UPLOADED
from functions.shared.settings import Url, load


@dataclass(frozen=True)
class Settings:
    mongodb_url: Url
    smtp_url: SmtpUrl
    mail_from: Sender
    public_url: Url


logs.configure()
SETTINGS = load(Settings, os.environ)
database = mongo.database(SETTINGS.mongodb_url)
notifier = Notifier(
    database,
    Server(SETTINGS.smtp_url),
    SETTINGS.mail_from,
    SETTINGS.public_url,
)


@functools.cache
def warm_up() -> None:
    """Connect to MongoDB: `video.uploaded` only starts this function before the conversion has ended."""
    database.command("ping")


@functions_framework.cloud_event
@boundary.event("The store", mongo.AWAY)
def notify(event: CloudEvent) -> None:
    """Mail the owner of the job that is the event's subject."""
    if event["type"] == VIDEO_UPLOADED:
        warm_up()
        return
    subject = str(event.get("subject", ""))
    if ObjectId.is_valid(subject):
        notifier.notify(ObjectId(subject))
