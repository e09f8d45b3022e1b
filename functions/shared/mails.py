"""Who mails a finished job: a lease on its document whose length is the back-off, and the outcome, set once."""

from datetime import timedelta
from enum import StrEnum

from bson import ObjectId
from pymongo import ReturnDocument
from pymongo.database import Database

from functions.shared.jobs import FINAL, Job
from functions.shared.mongo import Document

GIVE_UP = timedelta(hours=24)


class Outcome(StrEnum):
    PENDING = "pending"
    SENT = "sent"
    BOUNCED = "bounced"  # the server refused it for good
    ABANDONED = "abandoned"  # no server took it within a day


DUE: Document = {"$lt": ["$mail.lease", "$$NOW"]}


class Mails:
    """The notifier's side of the jobs."""

    def __init__(self, database: Database[Document]) -> None:
        self._jobs = database["jobs"]

    def claim(self, job: ObjectId) -> Job | None:
        """Take the job's mail for one attempt; None when it is settled, held by another or waits for its back-off.

        The lease is the back-off: 1, 2, 4 … 60 minutes. An attempt that ends without `settle` is due again after it.
        """
        minutes = {"$min": [60, {"$pow": [2, "$mail.tries"]}]}
        document = self._jobs.find_one_and_update(
            {
                "_id": job,
                "state": {"$in": FINAL},
                "mail.outcome": Outcome.PENDING,
                "$expr": {"$or": [{"$eq": ["$mail.tries", 0]}, DUE]},
            },
            [
                {
                    "$set": {
                        "mail.tries": {"$add": ["$mail.tries", 1]},
                        "mail.lease": {"$add": ["$$NOW", {"$multiply": [60_000, minutes]}]},
                    }
                }
            ],
            return_document=ReturnDocument.AFTER,
        )
        return Job.of(document) if document else None

    def settle(self, job: ObjectId, outcome: Outcome) -> None:
        """Record how the mail ended, once it has."""
        query = {"_id": job, "mail.outcome": Outcome.PENDING}
        self._jobs.update_one(query, [{"$set": {"mail.outcome": outcome, "mail.at": "$$NOW"}}])

    def due(self, limit: int) -> list[Job]:
        """Return finished jobs whose mail is late."""
        query = {"mail.outcome": Outcome.PENDING, "$expr": DUE}
        return [Job.of(document) for document in self._jobs.find(query).sort("mail.lease").limit(limit)]

    def abandon(self) -> int:
        """Settle the mails that no server took within a day; return how many."""
        late: Document = {"$lt": ["$finished", {"$subtract": ["$$NOW", GIVE_UP // timedelta(milliseconds=1)]}]}
        query = {"mail.outcome": Outcome.PENDING, "$expr": late}
        change: list[Document] = [{"$set": {"mail.outcome": Outcome.ABANDONED, "mail.at": "$$NOW"}}]
        return self._jobs.update_many(query, change).modified_count
