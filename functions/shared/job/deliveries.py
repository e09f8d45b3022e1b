"""The notification of the owner on one channel: a lease whose length is the backoff, and an outcome, set once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from bson import ObjectId
from pymongo import ReturnDocument
from pymongo.database import Database

from functions.shared.job.clock import after, before, milliseconds
from functions.shared.job.document import COLLECTION, FINAL, REPUBLISH_AFTER, Job, State
from functions.shared.job.owners import Owners
from functions.shared.mongo import AWAY, Document

GIVE_UP_AFTER = timedelta(hours=24)
LONGEST_ATTEMPT = timedelta(minutes=1)  # also the first lease; each further lease is twice as long
SETTLE_TRIES = 3  # of 6 s each: with up to 40 s of sending they end within the first lease
LONGEST_LEASE = timedelta(minutes=60)
# The fields that belong to one end of the job; `delivered` outlives it.
RUN = ("outcome", "tries", "lease", "at", "republish", "held", "since")


class Channel(StrEnum):
    """How an owner is notified: the keys of the document's map `deliveries`."""

    MAIL = "mail"
    WEBHOOK = "webhook"
    WARNING = "warning"  # a mail that the webhook did not accept the result


OF_AN_END = (Channel.MAIL, Channel.WEBHOOK)  # a warning becomes pending when the webhook is abandoned


class Outcome(StrEnum):
    PENDING = "pending"
    SENT = "sent"
    BOUNCED = "bounced"  # refused for good
    ABANDONED = "abandoned"  # not accepted within a day
    SKIPPED = "skipped"  # the owner does not use this channel


@dataclass(frozen=True)
class Delivery:
    """A claimed delivery: its job, the number of the attempt, and whether it is held for a digest."""

    job: Job
    tries: int
    held: bool


def path(channel: Channel, field: str) -> str:
    """Return the dotted name of a channel's field, such as `deliveries.mail.lease`."""
    return f"deliveries.{channel}.{field}"


def pending() -> list[Document]:
    """Return the stages by which the end of a job makes the channels OF_AN_END pending; `delivered` is kept."""
    start = {"outcome": Outcome.PENDING, "tries": 0, "lease": after(REPUBLISH_AFTER)}
    fields = {path(channel, field): value for channel in OF_AN_END for field, value in start.items()}
    return [{"$unset": [path(channel, field) for channel in Channel for field in RUN]}, {"$set": fields}]


def due(channel: Channel) -> Document:
    """Return the expression for an expired lease; a rescheduled delivery is due immediately."""
    return {"$lte": [f"${path(channel, 'lease')}", "$$NOW"]}


def notified(channel: Channel) -> Document:
    """Return the expression for: the owner has been notified of this end already, before a replay or before a crash."""
    # `mailed` is what a notifier of version 0.1 writes instead of `delivered`.
    mailed = ["$mailed"] if channel == Channel.MAIL else []
    return {"$in": ["$state", [f"${path(channel, 'delivered')}", *mailed]]}


def _lease(tries: object) -> Document:
    """Return the expression for the milliseconds that the attempt after `tries` others lasts: 1, 2, 4 … 60 minutes."""
    factor = {"$min": [LONGEST_LEASE // LONGEST_ATTEMPT, {"$pow": [2, tries]}]}
    return {"$multiply": [milliseconds(LONGEST_ATTEMPT), factor]}


class Deliveries:
    """One channel's side of the jobs. Needs the rights to find and update jobs, for `claim` also to find owners."""

    def __init__(self, database: Database[Document], channel: Channel) -> None:
        self._jobs = database[COLLECTION]
        self._owners = Owners(database)
        self._channel = channel
        self._pending = {path(channel, "outcome"): Outcome.PENDING}

    def claim(self, job: ObjectId) -> Delivery | None:
        """Acquire the delivery of an ended job for one attempt, and count the attempt.

        The lease doubles as the backoff: an attempt that ends without `settle` is due again when its lease expires.
        Returns None, and changes nothing, if the job has not ended or the delivery is settled, leased or in backoff.
        Returns None and settles the delivery as sent if the owner has been notified of the same end before a replay.
        Returns None too if the owner is deleted, whom no channel notifies.
        """
        tries = f"${path(self._channel, 'tries')}"
        known = notified(self._channel)
        document = self._jobs.find_one_and_update(
            {
                "_id": job,
                "state": {"$in": FINAL},
                **self._pending,
                "mail": {"$exists": False},  # else it belongs to a notifier of version 0.1, until it is upgraded
                "$expr": {"$or": [{"$eq": [tries, 0]}, due(self._channel)]},
            },
            [
                {
                    "$set": {
                        path(self._channel, "tries"): {"$add": [tries, 1]},
                        path(self._channel, "lease"): {"$add": ["$$NOW", _lease(tries)]},
                        path(self._channel, "outcome"): {"$cond": [known, Outcome.SENT, Outcome.PENDING]},
                    }
                }
            ],
            return_document=ReturnDocument.AFTER,
        )
        if document is None:
            return None
        claimed = document["deliveries"][self._channel]
        if claimed["outcome"] != Outcome.PENDING or self._owners.is_deleted(document["owner"]):
            return None
        return Delivery(Job.of(document), claimed["tries"], "held" in claimed)

    def settle(self, jobs: Iterable[Job], outcome: Outcome) -> None:
        """Record the outcome of the deliveries of the jobs, once it is known; only the first outcome counts.

        Repeated if MongoDB is away for a moment: what is not recorded is sent again. SENT is remembered beyond a replay
        of a job. If a job was replayed since the claim, nothing else changes.
        """
        ids: dict[State, list[ObjectId]] = {}
        for job in jobs:
            ids.setdefault(job.state, []).append(job.id)
        for left in reversed(range(SETTLE_TRIES)):
            try:
                self._settle(ids, outcome)
            except AWAY:
                if not left:
                    raise
            else:
                break

    def _settle(self, ids: dict[State, list[ObjectId]], outcome: Outcome) -> None:
        for state, ended in ids.items():
            settled = self._settled(outcome)
            query: Document = {"_id": {"$in": ended}}
            mine: Document = {"state": state, **self._pending}
            if outcome == Outcome.SENT:
                known = {path(self._channel, "delivered"): state}
                if self._channel == Channel.MAIL:  # for a notifier of version 0.1 that is still running in an upgrade
                    known["mailed"] = state
                is_mine = {"$and": [{"$eq": [f"${field}", value]} for field, value in mine.items()]}
                if_mine = {field: {"$cond": [is_mine, value, f"${field}"]} for field, value in settled.items()}
                self._jobs.update_many(query, [{"$set": known | if_mine}])
            else:
                self._jobs.update_many(query | mine, [{"$set": settled}])

    def abandon(self) -> int:
        """Settle the deliveries that are pending a day after the end of their jobs; return how many.

        The day of a held delivery begins when it may be sent, that of a warning when the webhook was abandoned. A
        delivery with a lease is left to its holder, who may be sending it or about to hold it.
        """
        since = {"$ifNull": [*(f"${path(self._channel, field)}" for field in ("held", "since")), "$finished"]}
        late: Document = {"$and": [{"$lt": [since, before(GIVE_UP_AFTER)]}, due(self._channel)]}
        # Every pending delivery has a lease: to name it lets the query use the index of the pending ones.
        leased = {path(self._channel, "lease"): {"$exists": True}}
        query = {"state": {"$in": FINAL}, **self._pending, **leased, "$expr": late}
        settled = self._settled(Outcome.ABANDONED)
        if self._channel == Channel.WEBHOOK:
            warning, known = f"deliveries.{Channel.WARNING}", f"$deliveries.{Channel.WARNING}"
            start = {"outcome": Outcome.PENDING, "tries": 0, "lease": "$$NOW", "since": "$$NOW"}
            # Without an attempt nobody knows whether the owner has a webhook.
            attempted = {"$gt": [f"${path(self._channel, 'tries')}", 0]}
            settled[warning] = {"$cond": [attempted, {"$mergeObjects": [known, start]}, known]}
        return self._jobs.update_many(query, [{"$set": settled}]).modified_count

    def reschedule(self, job: ObjectId) -> bool:
        """Make a pending delivery due now, or when an attempt under way must have ended; False if none is pending.

        A delivery that is held stays so: its recipient may not be notified yet.
        """
        lease, tries, held = (f"${path(self._channel, field)}" for field in ("lease", "tries", "held"))
        began = {"$subtract": [lease, _lease({"$subtract": [tries, 1]})]}
        attempt_over = {"$add": [began, milliseconds(LONGEST_ATTEMPT)]}
        moved = {"$cond": [{"$eq": [tries, 0]}, "$$NOW", {"$max": ["$$NOW", attempt_over, held]}]}
        query = {"_id": job, "state": {"$in": FINAL}, **self._pending}
        change: list[Document] = [
            {"$set": {path(self._channel, "lease"): moved}},
            {"$unset": path(self._channel, "republish")},
        ]
        return self._jobs.update_one(query, change).matched_count > 0

    def _settled(self, outcome: Outcome) -> Document:
        return {path(self._channel, "outcome"): outcome, path(self._channel, "at"): "$$NOW"}
