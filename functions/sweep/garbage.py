"""Garbage collection: expired jobs with their files, and orphaned files, which no job needs any more."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import chain

import pymongo
from bson import ObjectId
from pymongo.database import Database

from functions.shared.job.document import Job
from functions.shared.job.kept import KeptVideos
from functions.shared.job.retention import Retention, lookups_of_jobs_needing
from functions.shared.media import Bucket
from functions.shared.mongo import Document
from functions.shared.uploads import LOOKUP as UNFINISHED_UPLOAD
from functions.shared.uploads import Uploads

OWNED = ("feeds", "webhooks")  # collections with one document for each owner who uses them
SEARCH_TIMEOUT = 240  # seconds; well within the time that Knative gives one request


class Garbage:
    """Deletes what is expired or orphaned. Every method may be repeated, run twice at a time, or stop half-way."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self._retention = Retention(database)
        self._kept = KeptVideos(database)
        self._uploads = Uploads(database)
        self._buckets = {name: Bucket(database, name) for name in ("videos", "mp3s")}

    def delete_expired(self, retention: timedelta, limit: int) -> int:
        """Delete up to `limit` jobs that ended longer than `retention` ago, then their files; return how many."""
        return self._delete(lambda: self._retention.expire(retention), limit)

    def delete_of_deleted_owners(self, limit: int) -> int:
        """Delete up to `limit` jobs that were created while their owner's account was deleted; return how many.

        What else an owner has goes too: a webhook is not known to the function that deletes the jobs of an account, and
        a feed may be made while its owner is deleted.
        """
        if owners := self._retention.deleted_owners():
            for name in OWNED:
                self._database[name].delete_many({"_id": {"$in": owners}})
        return self._delete(self._retention.remove_of_deleted_owner, limit)

    def delete_kept(self, limit: int) -> int:
        """Let up to `limit` jobs that have kept their videos long enough release them; return how many.

        A video is deleted when no other job needs it.
        """
        return self._each(self._kept.release, self._delete_video, limit)

    def delete_uploads(self, limit: int) -> int:
        """Delete up to `limit` resumable uploads that have expired, with what is stored of them; return how many."""
        count = 0
        with pymongo.timeout(SEARCH_TIMEOUT):
            while count < limit and (upload := self._uploads.expire()):
                # If its job was created but not noted, the bytes are the job's, or orphans once they are old enough.
                if upload.job is None and not self._retention.has(upload.id):
                    self._buckets["videos"].delete(upload.id)
                count += 1
        return count

    def _delete(self, remove: Callable[[], Job | None], limit: int) -> int:
        return self._each(remove, self._delete_files, limit)

    def _each(self, take: Callable[[], Job | None], delete: Callable[[Job], None], limit: int) -> int:
        count = 0
        with pymongo.timeout(SEARCH_TIMEOUT):
            while count < limit and (job := take()):
                delete(job)
                count += 1
        return count

    def _delete_files(self, job: Job) -> None:
        self._delete_video(job)
        if job.mp3:
            self._buckets["mp3s"].delete(job.mp3.id, job.mp3.size)

    def _delete_video(self, job: Job) -> None:
        if not self._kept.is_needed(job):
            self._buckets["videos"].delete(job.video, job.size)

    def delete_orphans(self, age: timedelta, limit: int) -> int:
        """Delete up to `limit` orphaned files of each kind that were begun longer than `age` ago; return how many.

        `age` has to be longer than any upload or conversion takes: both store a file before a job names it.
        """
        oldest, count = ObjectId.from_datetime(datetime.now(UTC) - age), 0
        with pymongo.timeout(SEARCH_TIMEOUT):
            for find in (self._incomplete, self._unneeded):
                for name, bucket in self._buckets.items():
                    for file in find(name, oldest, limit):
                        bucket.delete(file)
                        count += 1
        return count

    def _incomplete(self, bucket: str, oldest: ObjectId, limit: int) -> list[ObjectId]:
        """Return ids that have chunks but no file: an upload or a conversion broke off, and is not resumable."""
        ids: list[Document] = [  # sorted by the index and grouped by its first field, the scan skips to the next file
            {"$match": {"files_id": {"$lt": oldest}}},
            {"$sort": {"files_id": 1, "n": 1}},
            {"$group": {"_id": "$files_id", "n": {"$first": "$n"}}},
        ]
        file = {"from": f"{bucket}.files", "localField": "_id", "foreignField": "_id", "as": "found"}
        lookups = [file | {"pipeline": [{"$project": {"_id": 1}}]}, UNFINISHED_UPLOAD]
        return self._unmatched(f"{bucket}.chunks", ids, lookups, limit)

    def _unneeded(self, bucket: str, oldest: ObjectId, limit: int) -> list[ObjectId]:
        """Return the ids of files that no job needs."""
        ids: list[Document] = [{"$match": {"_id": {"$lt": oldest}}}, {"$project": {"_id": 1}}]
        lookups = [*lookups_of_jobs_needing(bucket), UNFINISHED_UPLOAD]  # which has no job until it is complete
        return self._unmatched(f"{bucket}.files", ids, lookups, limit)

    def _unmatched(self, collection: str, ids: list[Document], lookups: list[Document], limit: int) -> list[ObjectId]:
        # On the server, one id after the other: a list of all of them would exceed the 16 MB of a document.
        without = [[{"$lookup": lookup}, {"$match": {lookup["as"]: []}}] for lookup in lookups]
        pipeline: list[Document] = [*ids, *chain(*without), {"$limit": limit}, {"$project": {"_id": 1}}]
        return [document["_id"] for document in self._database[collection].aggregate(pipeline)]
