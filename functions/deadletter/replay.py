"""Makes the job of a dead event due again; the sweeper tells it at its next tick."""

from enum import StrEnum

from bson import ObjectId
from pymongo.database import Database

from functions.shared.job.conversions import GAVE_UP
from functions.shared.job.deliveries import Mails
from functions.shared.job.document import OPEN, State
from functions.shared.media import Bucket
from functions.shared.mongo import Document


class Fate(StrEnum):
    """What became of a dead event's job."""

    CONVERTS_AGAIN = "its job will be converted again"
    UNDER_WAY = "its job is being converted"
    MAILS_AGAIN = "its mail will be sent again"
    OVER = "nothing is left to do for its job"
    GONE = "its job is gone"


class Replay:
    """Changes jobs as a person asks; every change is one compare-and-set, and safe to repeat."""

    def __init__(self, database: Database[Document]) -> None:
        self._jobs = database["jobs"]
        self._videos = Bucket(database, "videos")
        self._mails = Mails(database)

    def renew(self, subject: str) -> Fate:
        """Make the job of this id due, with all its tries, if there is anything left to do for it."""
        job = ObjectId(subject) if ObjectId.is_valid(subject) else None
        if job is None or not (document := self._jobs.find_one({"_id": job}, {"state": 1})):
            return Fate.GONE
        if self._open_again(job):
            return Fate.CONVERTS_AGAIN
        if document["state"] in OPEN:
            return Fate.UNDER_WAY
        return Fate.MAILS_AGAIN if self._mails.hasten(job) else Fate.OVER

    def _open_again(self, job: ObjectId) -> bool:
        """Reopen the job if it waits, or failed by our fault with its video still there; never one under way."""
        waits: Document = {
            "$or": [
                {"state": State.UPLOADED},
                {"state": State.CONVERTING, "$expr": {"$lt": ["$lease", "$$NOW"]}},
            ]
        }
        gave_up: Document = {"state": State.FAILED, "reason.code": GAVE_UP.code}
        query: Document = {"_id": job} | ({"$or": [waits, gave_up]} if self._videos.find(job) else waits)
        fields = {"state": State.UPLOADED, "progress": 0.0, "tries": 0, "lease": "$$NOW"}
        ended = ["attempt", "reason", "finished", "mail", "told"]
        return self._jobs.update_one(query, [{"$set": fields}, {"$unset": ended}]).matched_count > 0
