"""How many mails one recipient gets within 24 hours: 59 about one job each, one digest, and one warning.

One document of `recipients` per recipient lists the mails of the last 24 hours, so that neither a deleted job nor a
deleted account makes room for more. `_id` is a hash of the address: the document may outlive the account for a day.
"""

from datetime import datetime, timedelta
from hashlib import sha256

from pymongo import ReturnDocument
from pymongo.database import Database

from functions.shared.job.document import Job
from functions.shared.mongo import Document

WINDOW = timedelta(hours=24)
MAX_MAILS = 59  # to one recipient within WINDOW, besides one digest and one warning

_WINDOW_START = {"$subtract": ["$$NOW", WINDOW // timedelta(milliseconds=1)]}


class Allowance:
    """Needs the rights to find, insert and update documents of `recipients`."""

    def __init__(self, database: Database[Document]) -> None:
        self._recipients = database["recipients"]

    def mail(self, job: Job) -> datetime | None:
        """Count the mail about the end of `job`, and return None; or return when a digest may be sent instead.

        One atomic command. The mail of a retry replaces the mail of the attempt before, so it counts once.
        """
        mail = _id(job)
        kept = {"$and": [{"$gt": ["$$this.at", _WINDOW_START]}, {"$ne": ["$$this.id", mail]}]}
        others = {"$filter": {"input": {"$ifNull": ["$mails", []]}, "cond": kept}}
        appended = {"$concatArrays": ["$mails", [{"id": mail, "at": "$$NOW"}]]}
        allowed = {"$cond": [{"$lt": [{"$size": "$mails"}, MAX_MAILS]}, appended, "$mails"]}
        recipient = self._update(job, [{"$set": {"mails": others}}, {"$set": {"mails": allowed}}])
        if any(counted["id"] == mail for counted in recipient["mails"]):
            return None
        oldest: datetime = min(counted["at"] for counted in recipient["mails"])
        digest = recipient.get("digest")
        return WINDOW + (max(oldest, digest["at"]) if digest else oldest)

    def digest(self, job: Job) -> datetime | None:
        """Count a digest, sent by the attempt on `job`, and return None; or return when the next one may be sent.

        One atomic command, so one attempt sends the digest. Only an attempt on the same job may send it again.
        """
        return self._one(job, "digest")

    def warning(self, job: Job) -> bool:
        """Count a warning, sent by the attempt on `job`, and return True; or return False if there was one lately."""
        return self._one(job, "warning") is None

    def _one(self, job: Job, kind: str) -> datetime | None:
        mail = _id(job)
        allowed = {"$or": [{"$lte": [f"${kind}.at", _WINDOW_START]}, {"$eq": [f"${kind}.id", mail]}]}
        change = {kind: {"$cond": [allowed, {"id": mail, "at": "$$NOW"}, f"${kind}"]}}
        counted = self._update(job, [{"$set": change}])[kind]
        at: datetime = counted["at"]
        return None if counted["id"] == mail else at + WINDOW

    def _update(self, job: Job, change: list[Document]) -> Document:
        recipient = self._recipients.find_one_and_update(
            {"_id": sha256(job.email.lower().encode()).hexdigest()},
            [*change, {"$set": {"last": "$$NOW"}}],
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        assert recipient  # inserted if there was none
        return recipient


def _id(job: Job) -> str:
    return f"{job.id}.{job.state}"
