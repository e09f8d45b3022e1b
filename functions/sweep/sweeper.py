"""One tick of the sweeper: republishes late events, settles expired attempts and deliveries, and deletes garbage."""

import logging
from dataclasses import asdict
from datetime import timedelta

from pymongo.database import Database

from functions.shared.job.deliveries import Channel, Deliveries
from functions.shared.job.events import EventSink
from functions.shared.job.overdue import Overdue
from functions.shared.job.upgrade import upgrade
from functions.shared.mongo import Document
from functions.sweep.garbage import Garbage
from functions.sweep.republishing import Republishing

log = logging.getLogger(__name__)

LIMIT = 500  # jobs or files of each kind in one tick; the next tick continues


class Sweeper:
    """Every part of a tick may be repeated, run twice at a time, or stop half-way."""

    def __init__(
        self, database: Database[Document], sink: EventSink, *, retention: timedelta, orphan_age: timedelta
    ) -> None:
        """Jobs are kept for `retention` after their end; a file without a job is an orphan after `orphan_age`."""
        self._database = database
        self._deliveries = {channel: Deliveries(database, channel) for channel in Channel}
        self._overdue = Overdue(database)
        self._republishing = Republishing(self._overdue, sink)
        self._garbage = Garbage(database)
        self._retention = retention
        self._orphan_age = orphan_age

    def tick(self) -> None:
        """Do everything once, and log one line with the counts. Raises pymongo's error if MongoDB is away."""
        upgraded = upgrade(self._database)
        abandoned = {channel: deliveries.abandon() for channel, deliveries in self._deliveries.items()}
        abandoned_webhooks = abandoned.pop(Channel.WEBHOOK)  # apart: they are the fault of the users' own servers
        counts = self._republishing.round(LIMIT)
        of_deleted_owners = self._garbage.delete_of_deleted_owners(LIMIT)
        released = self._garbage.delete_kept(LIMIT)
        expired = self._garbage.delete_expired(self._retention, LIMIT)
        expired_uploads = self._garbage.delete_uploads(LIMIT)
        orphans = self._garbage.delete_orphans(self._orphan_age, LIMIT)
        oldest = self._overdue.oldest_unfinished() // timedelta(seconds=1)
        others = {
            "upgraded": upgraded,
            "abandoned_deliveries": sum(abandoned.values()),
            "abandoned_webhooks": abandoned_webhooks,
            "of_deleted_owners": of_deleted_owners,
            "expired": expired,
            "expired_uploads": expired_uploads,
            "released_videos": released,
            "orphans": orphans,
            "oldest_unfinished_seconds": oldest,
        }
        log.info("swept", extra=asdict(counts) | others)
