"""Deliveries that are held: their recipient has had as many notifications as allowed, so they wait for a digest."""

from datetime import datetime

from pymongo import ASCENDING
from pymongo.database import Database

from functions.shared.job.deliveries import Channel, Delivery, Outcome, notified, path
from functions.shared.job.document import COLLECTION, FINAL, Job
from functions.shared.mongo import Document


class Held:
    """One channel's held deliveries. Needs the rights to find and update jobs."""

    def __init__(self, database: Database[Document], channel: Channel) -> None:
        self._jobs = database[COLLECTION]
        self._channel = channel
        self._pending = {"state": {"$in": FINAL}, path(channel, "outcome"): Outcome.PENDING}

    def hold(self, delivery: Delivery, until: datetime) -> None:
        """Hold the claimed delivery: no attempt begins before `until`, and from now on it belongs to a digest.

        Changes nothing if the delivery is settled, if its job was replayed, or if another attempt has begun.
        """
        claimed = {"_id": delivery.job.id, path(self._channel, "tries"): delivery.tries, **self._pending}
        times = {path(self._channel, name): until for name in ("lease", "held")}
        change: Document = {"$set": times, "$unset": {path(self._channel, "republish"): ""}}
        self._jobs.update_one(claimed, change)

    def others(self, job: Job, limit: int) -> list[Job]:
        """Return up to `limit` other jobs of the owner of `job` whose deliveries are held, the oldest first.

        They are returned whether or not they are due, except those about an end that the owner knows already. Their
        deliveries are not claimed: the caller has to be the only one that sends a digest to this recipient.
        """
        held = {"owner": job.owner, "email": job.email, path(self._channel, "held"): {"$exists": True}, **self._pending}
        unknown = {"$expr": {"$not": [notified(self._channel)]}}
        found = self._jobs.find({**held, **unknown, "_id": {"$ne": job.id}}).sort("_id", ASCENDING).limit(limit)
        return [Job.of(document) for document in found]
