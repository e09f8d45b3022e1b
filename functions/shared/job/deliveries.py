"""Who mails a finished job: a lease on its document whose length is the back-off, and the outcome, set once."""

from datetime import timedelta
from enum import StrEnum

from bson import ObjectId
from pymongo import ReturnDocument
from pymongo.database import Database

from functions.shared.job.document import FINAL, Job
from functions.shared.mongo import Document

GIVE_UP = timedelta(hours=24)
ATTEMPT = timedelta(minutes=1)  # the longest that one attempt may take, and the first lease


class Outcome(StrEnum):
    PENDING = "pending"
    SENT = "sent"
    BOUNCED = "bounced"  # the server refused it for good
    ABANDONED = "abandoned"  # no server took it within a day


DUE: Document = {"$lte": ["$mail.lease", "$$NOW"]}  # what is hastened is due at once


def _milliseconds(time: timedelta) -> int:
    return time // timedelta(milliseconds=1)


def _lease(tries: object) -> Document:
    """Return the expression for how long the attempt after `tries` others keeps the mail: 1, 2, 4 … 60 minutes."""
    return {"$multiply": [_milliseconds(ATTEMPT), {"$min": [60, {"$pow": [2, tries]}]}]}


class Mails:
    """The notifier's side of the jobs."""

    def __init__(self, database: Database[Document]) -> None:
        self._jobs = database["jobs"]

    def claim(self, job: ObjectId) -> Job | None:
        """Take the job's mail for one attempt; None when it is settled, held by another or waits for its back-off.

        The lease is the back-off. An attempt that ends without `settle` is due again after it.
        An end that its owner has been told of already, before a replay, is settled here: nobody is told twice.
        """
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
                        "mail.lease": {"$add": ["$$NOW", _lease("$mail.tries")]},
                        "mail.outcome": {
                            "$cond": [{"$eq": ["$mailed", "$state"]}, Outcome.SENT, Outcome.PENDING],
                        },
                    }
                }
            ],
            return_document=ReturnDocument.AFTER,
        )
        return Job.of(document) if document and document["mail"]["outcome"] == Outcome.PENDING else None

    def settle(self, job: Job, outcome: Outcome) -> None:
        """Record how the mail about the claimed job ended, once it has."""
        if outcome == Outcome.SENT:  # holds whatever a replay makes of the job meanwhile
            self._jobs.update_one({"_id": job.id}, {"$set": {"mailed": job.state}})
        query = {"_id": job.id, "state": job.state, "mail.outcome": Outcome.PENDING}
        self._jobs.update_one(query, [{"$set": {"mail.outcome": outcome, "mail.at": "$$NOW"}}])

    def abandon(self) -> int:
        """Settle the mails that no server took within a day; return how many."""
        late: Document = {"$lt": ["$finished", {"$subtract": ["$$NOW", _milliseconds(GIVE_UP)]}]}
        # Every pending mail has a lease: naming it lets the query walk the index of the pending ones.
        query = {"mail.outcome": Outcome.PENDING, "mail.lease": {"$exists": True}, "$expr": late}
        change: list[Document] = [{"$set": {"mail.outcome": Outcome.ABANDONED, "mail.at": "$$NOW"}}]
        return self._jobs.update_many(query, change).modified_count

    def hasten(self, job: ObjectId) -> bool:
        """Make a pending mail due now, though not before an attempt under way has ended; False if none is pending."""
        began = {"$subtract": ["$mail.lease", _lease({"$subtract": ["$mail.tries", 1]})]}
        attempt_over = {"$add": [began, _milliseconds(ATTEMPT)]}
        lease = {"$cond": [{"$eq": ["$mail.tries", 0]}, "$$NOW", {"$max": ["$$NOW", attempt_over]}]}
        query = {"_id": job, "state": {"$in": FINAL}, "mail.outcome": Outcome.PENDING}
        change: list[Document] = [{"$set": {"mail.lease": lease}}, {"$unset": "mail.told"}]
        return self._jobs.update_one(query, change).matched_count > 0
