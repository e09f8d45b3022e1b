"""Mails the owner of an ended job, and letters about accounts: an event in, a mail out."""

import functools
import os
from dataclasses import dataclass

import functions_framework
from bson import ObjectId
from cloudevents.http import CloudEvent

from functions.notify.letter import Sender
from functions.notify.notifier import Notifier
from functions.notify.outbox import Outbox
from functions.notify.server import Server, SmtpUrl
from functions.shared import boundary, logs, mongo, mysql
from functions.shared.events import ACCOUNT_MAIL_REQUESTED, VIDEO_UPLOADED
from functions.shared.letters import Letters
from functions.shared.mysql import Database, MysqlUrl
from functions.shared.settings import Url, load


@dataclass(frozen=True)
class Settings:
    mongodb_url: Url
    mysql_url: MysqlUrl
    smtp_url: SmtpUrl
    mail_from: Sender
    public_url: Url


logs.configure()
SETTINGS = load(Settings, os.environ)
database = mongo.database(SETTINGS.mongodb_url)
server = Server(SETTINGS.smtp_url)
notifier = Notifier(database, server, SETTINGS.mail_from, SETTINGS.public_url)
outbox = Outbox(Letters(Database(SETTINGS.mysql_url)), server, SETTINGS.mail_from, SETTINGS.public_url)


@functools.cache
def warm_up() -> None:
    """Connect to MongoDB: `video.uploaded` only starts this function before the conversion has ended."""
    database.command("ping")


@functions_framework.cloud_event
@boundary.event("The store", (*mongo.AWAY, *mysql.AWAY))
def notify(event: CloudEvent) -> None:
    """Mail the owner of the job that is the event's subject, or the letter that is."""
    subject = str(event.get("subject", ""))
    if event["type"] == VIDEO_UPLOADED:
        warm_up()
    elif event["type"] == ACCOUNT_MAIL_REQUESTED:
        outbox.send(subject)
    elif ObjectId.is_valid(subject):
        notifier.notify(ObjectId(subject))
