"""The writes of version 0.1 (commit 721d43c) on the job document, for the tests of a rollout.

During a rollout pods of both versions run. Each function is one command of version 0.1, with its query and its change.
"""

from datetime import timedelta
from typing import Any

from bson import ObjectId
from pymongo import ReturnDocument
from pymongo.database import Database

from functions.shared.mongo import Document

OPEN, FINAL = ["uploaded", "converting"], ["done", "failed"]


def _after(wait: timedelta) -> Document:
    return {"$add": ["$$NOW", wait // timedelta(milliseconds=1)]}


class OldPods:
    def __init__(self, database: Database[Document]) -> None:
        self._jobs = database["jobs"]

    def claim(self, job: ObjectId) -> bool:
        """Convert's claim; the attempt is called `old`."""
        query = {
            "_id": job,
            "state": {"$in": OPEN},
            "tries": {"$lt": 3},
            "$expr": {"$or": [{"$eq": ["$tries", 0]}, {"$lt": ["$lease", "$$NOW"]}]},
        }
        fields = {
            "state": "converting",
            "attempt": "old",
            "tries": {"$add": ["$tries", 1]},
            "progress": 0.0,
            "lease": _after(timedelta(seconds=30)),
        }
        return self._jobs.update_one(query, [{"$set": fields}]).matched_count > 0

    def end(self, job: ObjectId, **fields: Any) -> bool:
        """Convert's commit or failure of the attempt `old`: `state`, and `mp3` or `reason`."""
        mail = {"outcome": "pending", "tries": 0, "lease": _after(timedelta(seconds=60))}
        change: list[Document] = [
            {"$set": fields | {"finished": "$$NOW", "mail": mail}},
            {"$unset": ["attempt", "lease"]},
        ]
        query = {"_id": job, "attempt": "old", "state": "converting"}
        return self._jobs.update_one(query, change).matched_count > 0

    def claim_mail(self, job: ObjectId) -> str | None:
        """Notify's claim; returns the state that the mail will be about."""
        due = {"$or": [{"$eq": ["$mail.tries", 0]}, {"$lte": ["$mail.lease", "$$NOW"]}]}
        minutes = {"$min": [60, {"$pow": [2, "$mail.tries"]}]}
        fields = {
            "mail.tries": {"$add": ["$mail.tries", 1]},
            "mail.lease": {"$add": ["$$NOW", {"$multiply": [60_000, minutes]}]},
            "mail.outcome": {"$cond": [{"$eq": ["$mailed", "$state"]}, "sent", "pending"]},
        }
        document = self._jobs.find_one_and_update(
            {"_id": job, "state": {"$in": FINAL}, "mail.outcome": "pending", "$expr": due},
            [{"$set": fields}],
            return_document=ReturnDocument.AFTER,
        )
        return document["state"] if document and document["mail"]["outcome"] == "pending" else None

    def settle_mail(self, job: ObjectId, state: str) -> None:
        """Notify's record that the mail about `state` was sent."""
        self._jobs.update_one({"_id": job}, {"$set": {"mailed": state}})
        query = {"_id": job, "state": state, "mail.outcome": "pending"}
        self._jobs.update_one(query, [{"$set": {"mail.outcome": "sent", "mail.at": "$$NOW"}}])

    def republish(self, job: ObjectId) -> None:
        """Sweep's records that it has published the events of an open and of an ended job."""
        for told, query in (("told", {"state": {"$in": OPEN}}), ("mail.told", {"mail.outcome": "pending"})):
            note = {"tries": 0, "times": 1, "again": _after(timedelta(minutes=1))}
            self._jobs.update_one({"_id": job} | query, [{"$set": {told: note}}])

    def replay(self, job: ObjectId) -> bool:
        """Reopen a job that gave up and whose video is stored."""
        query = {"_id": job, "state": "failed", "reason.code": "gave_up"}
        fields = {"state": "uploaded", "progress": 0.0, "tries": 0, "lease": "$$NOW"}
        ended = ["attempt", "reason", "finished", "mail", "told"]
        return self._jobs.update_one(query, [{"$set": fields}, {"$unset": ended}]).matched_count > 0
