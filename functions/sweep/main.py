"""Every minute: what is late is told again, what is over is settled, what nobody owns is thrown away."""

import logging
import os
from dataclasses import asdict, dataclass
from datetime import timedelta

import functions_framework
from cloudevents.http import CloudEvent

from functions.shared import boundary, logs, mongo
from functions.shared.events import Sink
from functions.shared.job.deliveries import Mails
from functions.shared.settings import Url, load
from functions.sweep.collection import Collection
from functions.sweep.retelling import Retelling

LIMIT = 500  # of each kind a tick; the next tick goes on


@dataclass(frozen=True)
class Settings:
    mongodb_url: Url
    k_sink: Url
    retention_days: int = 7
    orphan_hours: int = 24


logs.configure()
log = logging.getLogger("sweep")
SETTINGS = load(Settings, os.environ)
database = mongo.database(SETTINGS.mongodb_url)
mails = Mails(database)
retelling = Retelling(database, Sink(SETTINGS.k_sink))
collection = Collection(database)


@functions_framework.cloud_event
@boundary.event("The store", mongo.AWAY)
def sweep(ping: CloudEvent) -> None:
    """Do all of it once; each part may be repeated, run twice at a time, or stop half-way."""
    abandoned = mails.abandon()
    told = retelling.round(LIMIT)
    expired = collection.expire(timedelta(days=SETTINGS.retention_days), LIMIT)
    orphans = collection.orphans(timedelta(hours=SETTINGS.orphan_hours), LIMIT)
    counts = asdict(told) | {"abandoned_mails": abandoned, "expired": expired, "orphans": orphans}
    log.info("swept", extra=counts | {"oldest_unfinished_seconds": retelling.oldest_unfinished()})
