"""The sweeper: at every tick of its PingSource it republishes lost events, settles late jobs and deletes garbage."""

import os
from dataclasses import dataclass
from datetime import timedelta

import functions_framework
from cloudevents.http import CloudEvent

from functions.shared import boundary, logs, mongo
from functions.shared.events import Sink
from functions.shared.letters import Letters
from functions.shared.mysql import Database, MysqlUrl
from functions.shared.retry import no_sink
from functions.shared.settings import Url, load
from functions.sweep.outbox import Outbox
from functions.sweep.sweeper import Sweeper


@dataclass(frozen=True)
class Settings:
    mongodb_url: Url
    mysql_url: MysqlUrl
    k_sink: Url | None = None  # set by a SinkBinding, possibly after the first start
    retention_days: int = 7
    orphan_hours: int = 24


def wire(settings: Settings) -> tuple[Outbox, Sweeper] | None:
    if settings.k_sink is None:
        return None
    retention, orphan_age = timedelta(days=settings.retention_days), timedelta(hours=settings.orphan_hours)
    database, sink = mongo.database(settings.mongodb_url), Sink(settings.k_sink)
    outbox = Outbox(Letters(Database(settings.mysql_url)), sink)
    return outbox, Sweeper(database, sink, retention=retention, orphan_age=orphan_age)


logs.configure()
SETTINGS = load(Settings, os.environ)
wired = wire(SETTINGS)


@functions_framework.cloud_event
@boundary.event("The store", mongo.AWAY)
def sweep(ping: CloudEvent) -> None:
    """Do one tick, whatever the event says."""
    if wired is None:
        raise no_sink()
    outbox, sweeper = wired
    outbox.republish()
    sweeper.tick()
