"""The job document: one per video, the truth that every event only hints at."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from bson import ObjectId
from pymongo import DESCENDING
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from functions.shared.mongo import Document

TELL_AGAIN = timedelta(seconds=60)  # how long an event may take before the sweeper tells it again


class State(StrEnum):
    UPLOADED = "uploaded"
    CONVERTING = "converting"
    DONE = "done"
    FAILED = "failed"


OPEN = [State.UPLOADED, State.CONVERTING]
FINAL = [State.DONE, State.FAILED]


@dataclass(frozen=True)
class Reason:
    """Why there is no MP3: a stable code for programs, a sentence for people."""

    code: str
    message: str


@dataclass(frozen=True)
class Mp3:
    """A committed MP3: its GridFS id, its size in bytes, its length in seconds."""

    id: ObjectId
    size: int
    duration: float


@dataclass(frozen=True)
class Job:
    """One video on its way; `id` is its GridFS id in `videos` too, `size` is in bytes."""

    id: ObjectId
    owner: str
    email: str
    name: str
    size: int
    state: State
    progress: float
    reason: Reason | None
    mp3: Mp3 | None
    created: datetime

    @classmethod
    def of(cls, document: Document) -> "Job":
        reason, mp3 = document.get("reason"), document.get("mp3")
        return cls(
            id=document["_id"],
            owner=document["owner"],
            email=document["email"],
            name=document["name"],
            size=document["size"],
            state=State(document["state"]),
            progress=document["progress"],
            reason=Reason(**reason) if reason else None,
            mp3=Mp3(**mp3) if mp3 else None,
            created=document["created"],
        )

    def as_stored(self) -> "Job":
        """Return the job as it was at first, whatever has become of it."""
        return replace(self, state=State.UPLOADED, progress=0.0, reason=None, mp3=None)

    def public(self) -> dict[str, Any]:
        """Return what its owner sees, ready for JSON."""
        return {
            "id": str(self.id),
            "name": self.name,
            "size": self.size,
            "state": self.state,
            "progress": round(self.progress, 3),
            "reason": self.reason and {"code": self.reason.code, "message": self.reason.message},
            "mp3": self.mp3 and {"id": str(self.mp3.id), "size": self.mp3.size, "duration": self.mp3.duration},
            "created": self.created.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }


class Jobs:
    """The owner's side of the jobs: every query names the owner."""

    def __init__(self, database: Database[Document]) -> None:
        self._jobs = database["jobs"]

    def create(self, video: ObjectId, *, owner: str, email: str, name: str, size: int, key: str | None) -> Job:
        """Store and return the job of a stored video; with a known `Idempotency-Key`, return that key's job.

        The caller owns the video only if the returned job has its id.
        """
        now = datetime.now(UTC)
        document: Document = {
            "_id": video,
            "owner": owner,
            "email": email,
            "name": name,
            "size": size,
            "state": State.UPLOADED,
            "progress": 0.0,
            "tries": 0,
            "lease": now + TELL_AGAIN,
            "created": now,
        }
        if key is None:
            self._jobs.insert_one(document)
            return Job.of(document)
        while True:  # again only if the key's job was deleted between the two
            try:
                self._jobs.insert_one(document | {"key": key})
            except DuplicateKeyError:
                if first := self.with_key(owner, key):
                    return first
            else:
                return Job.of(document)

    def with_key(self, owner: str, key: str) -> Job | None:
        return self._one({"owner": owner, "key": key})

    def get(self, owner: str, job: ObjectId) -> Job | None:
        return self._one({"_id": job, "owner": owner})

    def of_mp3(self, owner: str, mp3: ObjectId) -> Job | None:
        return self._one({"owner": owner, "mp3.id": mp3})

    def page(self, owner: str, size: int, before: ObjectId | None) -> list[Job]:
        """Return up to `size` jobs, newest first, older than the job `before`."""
        older = {"_id": {"$lt": before}} if before else {}
        found = self._jobs.find({"owner": owner} | older).sort("_id", DESCENDING).limit(size)
        return [Job.of(document) for document in found]

    def delete(self, owner: str, job: ObjectId) -> Job | None:
        """Remove and return the job; a conversion under way finds it gone and stops."""
        document = self._jobs.find_one_and_delete({"_id": job, "owner": owner})
        return Job.of(document) if document else None

    def _one(self, query: Document) -> Job | None:
        document = self._jobs.find_one(query)
        return Job.of(document) if document else None
