"""The owner's side of the jobs: every query names the owner."""

from datetime import UTC, datetime

from bson import ObjectId
from pymongo import DESCENDING
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from functions.shared.job.document import COLLECTION, REPUBLISH_AFTER, Job, State
from functions.shared.job.kept import SHARING
from functions.shared.job.options import DEFAULT, Options
from functions.shared.job.owners import Owners
from functions.shared.mongo import Document
from functions.shared.trace import Trace


class Jobs:
    """The jobs of one owner at a time. A method that returns a job returns None for another owner's job."""

    def __init__(self, database: Database[Document]) -> None:
        self._jobs = database[COLLECTION]
        self._owners = Owners(database)

    def create(
        self,
        job: ObjectId,
        *,
        owner: str,
        email: str,
        name: str,
        size: int,
        key: str | None,
        trace: Trace | None = None,
        quota: int | None = None,
        options: Options = DEFAULT,
        keep: int = 0,
        video: ObjectId | None = None,
        verified: bool = False,
    ) -> Job:
        """Store and return the job of a stored video of `size` bytes: state `uploaded`, no attempt yet.

        The video's id is `video`, by default the job's own; another one is a video that a job has already. It is kept
        for `keep` hours after the job's end. `verified` is whether the owner has proved to read the address' mails.

        If the owner has a job with the same `Idempotency-Key` already, nothing is stored and that job is returned: the
        caller's video is used only if the returned job has its id. Raises OwnerDeleted, and pymongo's error if MongoDB
        is away; the job may be stored then.
        """
        # An account deleted between this and the insert leaves a job that no attempt claims; the sweeper removes it.
        self._owners.check(owner)
        now = datetime.now(UTC)
        document: Document = {
            "_id": job,
            "owner": owner,
            "email": email,
            "name": name,
            "size": size,
            "state": State.UPLOADED,
            "progress": 0.0,
            "tries": 0,
            "lease": now + REPUBLISH_AFTER,
            "created": now,
        }
        shared = video not in {None, job}
        optional = {
            "quota": quota,
            "options": options.words() or None,
            "trace": trace and vars(trace),
            "keep": keep if keep or shared else None,
            "video": video if shared else None,
            "verified": verified or None,
        }
        document |= {name: value for name, value in optional.items() if value is not None}
        if key is None:
            self._jobs.insert_one(document)
            return Job.of(document)
        while True:  # repeated only if the key's job is deleted between the insert and the search
            try:
                self._jobs.insert_one(document | {"key": key})
            except DuplicateKeyError:
                if first := self.with_key(owner, key):
                    return first
            else:
                return Job.of(document)

    def with_key(self, owner: str, key: str) -> Job | None:
        """Return the owner's job that was created with this `Idempotency-Key`."""
        return self._one({"owner": owner, "key": key})

    def get(self, owner: str, job: ObjectId) -> Job | None:
        return self._one({"_id": job, "owner": owner})

    def keeps_video(self, owner: str, job: ObjectId) -> bool:
        """Return whether another job of the job's video can be created now: the video is there for HANDOVER at least.

        Unless the owner deletes the job meanwhile: then the other one fails, as its video is missing.
        """
        return self._one({"_id": job, "owner": owner, **SHARING}) is not None

    def of_mp3(self, owner: str, mp3: ObjectId) -> Job | None:
        """Return the owner's job that committed this MP3."""
        return self._one({"owner": owner, "mp3.id": mp3})

    def of_link(self, job: ObjectId) -> Job | None:
        """Return the job that a signed link names, whoever its owner is: to have the link is the permission."""
        return self._one({"_id": job})

    def with_mp3s(self, owner: str, limit: int) -> list[Job]:
        """Return up to `limit` jobs that have an MP3, newest first."""
        found = self._jobs.find({"owner": owner, "state": State.DONE}).sort("_id", DESCENDING).limit(limit)
        return [Job.of(document) for document in found]

    def page(self, owner: str, size: int, before: ObjectId | None) -> list[Job]:
        """Return up to `size` jobs, newest first, older than the job `before`."""
        older = {"_id": {"$lt": before}} if before else {}
        found = self._jobs.find({"owner": owner} | older).sort("_id", DESCENDING).limit(size)
        return [Job.of(document) for document in found]

    def delete(self, owner: str, job: ObjectId) -> Job | None:
        """Remove and return the job, in any state; its files are the caller's to delete.

        A conversion under way raises LeaseLost at its next renewal and deletes what it has stored.
        """
        document = self._jobs.find_one_and_delete({"_id": job, "owner": owner})
        return Job.of(document) if document else None

    def _one(self, query: Document) -> Job | None:
        document = self._jobs.find_one(query)
        return Job.of(document) if document else None
