"""Who converts a job: a lease on its document, taken and given up by compare-and-set on the server's clock."""

from datetime import timedelta
from uuid import uuid4

from bson import ObjectId
from pymongo import ReturnDocument
from pymongo.collection import Collection
from pymongo.database import Database

from functions.shared.job.document import OPEN, TELL_AGAIN, Job, Mp3, Reason, State
from functions.shared.mongo import Document

LEASE = timedelta(seconds=30)  # renewed by progress; what a killed converter's job waits at most
TRIES = 3
WAIT = timedelta(seconds=30)
GAVE_UP = Reason("gave_up", "The conversion stopped three times through no fault of the file. Please upload it again.")


def after(wait: timedelta) -> Document:
    """Return the aggregation expression for the server's time, `wait` from now."""
    return {"$add": ["$$NOW", wait // timedelta(milliseconds=1)]}


OVERDUE: Document = {"$lt": ["$lease", "$$NOW"]}


class Lost(Exception):  # noqa: N818  # what happened to the lease
    """The job is deleted, or another attempt has it."""


class Conversions:
    """The converter's side of the jobs."""

    def __init__(self, database: Database[Document]) -> None:
        self._jobs = database["jobs"]

    def claim(self, job: ObjectId) -> "Attempt | None":
        """Take the job for one attempt, counted at once; None while another holds it, after three, or at its end."""
        token = uuid4().hex
        document = self._jobs.find_one_and_update(
            {
                "_id": job,
                "state": {"$in": OPEN},
                "tries": {"$lt": TRIES},
                "$expr": {"$or": [{"$eq": ["$tries", 0]}, OVERDUE]},
            },
            [
                {
                    "$set": {
                        "state": State.CONVERTING,
                        "attempt": token,
                        "tries": {"$add": ["$tries", 1]},
                        "progress": 0.0,
                        "lease": after(LEASE),
                    }
                }
            ],
            return_document=ReturnDocument.AFTER,
        )
        return Attempt(self._jobs, Job.of(document), token, document["tries"]) if document else None

    def find(self, job: ObjectId) -> Job | None:
        document = self._jobs.find_one({"_id": job})
        return Job.of(document) if document else None

    def give_up(self, job: ObjectId) -> bool:
        """Fail a job whose three attempts are over; False if there is no such job."""
        query = {"_id": job, "state": {"$in": OPEN}, "tries": {"$gte": TRIES}, "$expr": OVERDUE}
        return self._jobs.update_one(query, _end({"state": State.FAILED, "reason": _plain(GAVE_UP)})).modified_count > 0


class Attempt:
    """One claimed attempt at one job; each method raises Lost when the job is no longer this attempt's."""

    def __init__(self, jobs: Collection[Document], job: Job, token: str, tries: int) -> None:
        self.job = job
        self.tries = tries
        self._jobs = jobs
        self._mine = {"_id": job.id, "attempt": token, "state": State.CONVERTING}

    def renew(self, progress: float) -> None:
        """Report progress (0 to 1) and keep the lease."""
        self._update([{"$set": {"progress": progress, "lease": after(LEASE)}}])

    def commit(self, mp3: Mp3) -> None:
        """End the job with its MP3: the one point at which a conversion counts."""
        self._update(_end({"state": State.DONE, "progress": 1.0, "mp3": _plain(mp3)}))

    def fail(self, reason: Reason) -> None:
        """End the job without an MP3, by the file's own fault."""
        self._update(_end({"state": State.FAILED, "reason": _plain(reason)}))

    def give_back(self) -> bool:
        """Leave the job after a failure of ours, for another attempt 30 s later, or 60; True if this was the last."""
        if self.tries >= TRIES:
            self.fail(GAVE_UP)
            return True
        waiting = {"state": State.UPLOADED, "progress": 0.0, "lease": after(WAIT * self.tries)}
        self._update([{"$set": waiting}, {"$unset": "attempt"}])
        return False

    def _update(self, change: list[Document]) -> None:
        if not self._jobs.update_one(self._mine, change).matched_count:
            raise Lost


def _end(fields: Document) -> list[Document]:
    mail = {"outcome": "pending", "tries": 0, "lease": after(TELL_AGAIN)}
    return [{"$set": fields | {"finished": "$$NOW", "mail": mail}}, {"$unset": ["attempt", "lease"]}]


def _plain(value: Reason | Mp3) -> Document:
    # In a pipeline a string that begins with `$` would be an expression.
    return {name: {"$literal": part} for name, part in vars(value).items()}
