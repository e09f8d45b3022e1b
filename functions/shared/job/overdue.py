"""Jobs that are late: their event may be lost, or their converter or notifier may have died."""

from collections.abc import Iterator
from datetime import timedelta

from bson import ObjectId
from pymongo.database import Database

from functions.shared.job.clock import milliseconds
from functions.shared.job.conversions import Conversions
from functions.shared.job.deliveries import Channel, Outcome, due, path
from functions.shared.job.document import COLLECTION, FINAL, LEASE_EXPIRED, MAX_TRIES, OPEN, Job
from functions.shared.mongo import Document

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=16)


class Overdue:
    """The sweeper's side of the jobs. Needs the rights to find and update jobs.

    An event is republished after pauses of 1, 2, 4 … 16 minutes, so that a long queue does not grow by copies. The
    pauses are counted in a field of their own, `republish`, and begin anew with each attempt: a republished event must
    not move the lease, which keeps other attempts away.
    """

    def __init__(self, database: Database[Document]) -> None:
        self._jobs = database[COLLECTION]
        self._conversions = Conversions(database)

    def give_up(self, limit: int) -> Iterator[Job]:
        """Fail up to `limit` open jobs whose three attempts are over, and yield each one once it has failed."""
        query = {"state": {"$in": OPEN}, "tries": {"$gte": MAX_TRIES}, "$expr": LEASE_EXPIRED}
        for document in self._jobs.find(query, {"_id": 1}).sort("lease").limit(limit):
            if job := self._conversions.give_up(document["_id"]):
                yield job

    def unconverted(self, limit: int) -> Iterator[Job]:
        """Yield up to `limit` open jobs that no converter has a lease on and whose pause is over, the oldest first."""
        late = {"$and": [LEASE_EXPIRED, _pause_over("republish", "tries")]}
        query = {"state": {"$in": OPEN}, "tries": {"$lt": MAX_TRIES}, "$expr": late}
        yield from map(Job.of, self._jobs.find(query).sort("lease").limit(limit))

    def conversion_republished(self, job: ObjectId) -> None:
        """Begin the next pause of an open job; a job that has ended meanwhile is not changed."""
        self._jobs.update_one({"_id": job, "state": {"$in": OPEN}}, _next_pause("republish", "tries"))

    def undelivered(self, channel: Channel, limit: int) -> Iterator[Job]:
        """Yield up to `limit` ended jobs whose pending delivery is due and whose pause is over, the oldest first."""
        late = {"$and": [due(channel), _pause_over(path(channel, "republish"), path(channel, "tries"))]}
        query = {"state": {"$in": FINAL}, path(channel, "outcome"): Outcome.PENDING, "$expr": late}
        yield from map(Job.of, self._jobs.find(query).sort(path(channel, "lease")).limit(limit))

    def delivery_republished(self, channel: Channel, job: ObjectId) -> None:
        """Begin the next pause of a pending delivery; one that was settled meanwhile is not changed."""
        pending = {"_id": job, path(channel, "outcome"): Outcome.PENDING}
        self._jobs.update_one(pending, _next_pause(path(channel, "republish"), path(channel, "tries")))

    def oldest_unfinished(self) -> timedelta:
        """Return the age of the oldest open job, 0 if there is none."""
        oldest: list[Document] = [
            {"$match": {"state": {"$in": OPEN}}},
            {"$group": {"_id": None, "created": {"$min": "$created"}}},
            {"$project": {"age": {"$subtract": ["$$NOW", "$created"]}}},
        ]
        return next((timedelta(milliseconds=found["age"]) for found in self._jobs.aggregate(oldest)), timedelta())


def _pause_over(republish: str, tries: str) -> Document:
    """Return the expression for: not republished since the last attempt, or long enough ago."""
    return {"$or": [{"$ne": [f"${republish}.tries", f"${tries}"]}, {"$lt": [f"${republish}.again", "$$NOW"]}]}


def _next_pause(republish: str, tries: str) -> list[Document]:
    before = {"$cond": [{"$eq": [f"${republish}.tries", f"${tries}"]}, f"${republish}.times", 0]}
    factor = {"$min": [LONGEST_PAUSE // FIRST_PAUSE, {"$pow": [2, before]}]}
    again = {"$add": ["$$NOW", {"$multiply": [milliseconds(FIRST_PAUSE), factor]}]}
    return [{"$set": {republish: {"tries": f"${tries}", "times": {"$add": [before, 1]}, "again": again}}}]
