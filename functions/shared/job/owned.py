"""The owner's side of the jobs: every query names the owner."""

from datetime import UTC, datetime

from bson import ObjectId
from pymongo import DESCENDING
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from functions.shared.job.document import TELL_AGAIN, Job, State
from functions.shared.mongo import Document


class Jobs:
    """One owner's jobs."""

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
