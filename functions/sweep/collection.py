"""What is thrown away: jobs past their retention with their files, and files that no job points at any more."""

from datetime import UTC, datetime, timedelta

import pymongo
from bson import ObjectId
from pymongo.database import Database

from functions.shared.job.document import State
from functions.shared.media import Bucket
from functions.shared.mongo import Document

PATIENCE = 240  # seconds for looking through the stores, well within the function's request


class Collection:
    """Deletes what nobody owns or may own any more."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self._jobs = database["jobs"]
        self._buckets = {name: Bucket(database, name) for name in ("videos", "mp3s")}

    def expire(self, retention: timedelta, limit: int) -> int:
        """Delete up to `limit` jobs that ended longer ago than `retention`, then their files; return how many."""
        over: Document = {"$lt": ["$finished", {"$subtract": ["$$NOW", retention // timedelta(milliseconds=1)]}]}
        query = {"finished": {"$exists": True}, "$expr": over}
        count = 0
        with pymongo.timeout(PATIENCE):
            while count < limit and (job := self._jobs.find_one_and_delete(query)):
                self._buckets["videos"].delete(job["_id"])
                if "mp3" in job:
                    self._buckets["mp3s"].delete(job["mp3"]["id"])
                count += 1
        return count

    def orphans(self, age: timedelta, limit: int) -> int:
        """Delete up to `limit` orphans of each kind that began longer ago than `age`; return how many.

        `age` has to be longer than any upload or conversion takes, as each stores its file before its job says so.
        """
        oldest = ObjectId.from_datetime(datetime.now(UTC) - age)
        needed = {"state": {"$ne": State.DONE}}  # a job that is done has no use for its video
        with pymongo.timeout(PATIENCE):
            return (
                self._delete("videos", self._fileless("videos", oldest, limit))
                + self._delete("mp3s", self._fileless("mp3s", oldest, limit))
                + self._delete("videos", self._jobless("videos", "_id", needed, oldest, limit))
                + self._delete("mp3s", self._jobless("mp3s", "mp3.id", {}, oldest, limit))
            )

    def _delete(self, bucket: str, files: list[ObjectId]) -> int:
        for file in files:
            self._buckets[bucket].delete(file)
        return len(files)

    def _fileless(self, bucket: str, oldest: ObjectId, limit: int) -> list[ObjectId]:
        """Return the ids under which there are chunks, but no file: what broke off."""
        ids: list[Document] = [  # sorted by the index and grouped by its first field, it jumps from file to file
            {"$match": {"files_id": {"$lt": oldest}}},
            {"$sort": {"files_id": 1, "n": 1}},
            {"$group": {"_id": "$files_id", "n": {"$first": "$n"}}},
        ]
        return self._without(f"{bucket}.chunks", ids, _lookup(f"{bucket}.files", "_id", {}), limit)

    def _jobless(self, bucket: str, points: str, needed: Document, oldest: ObjectId, limit: int) -> list[ObjectId]:
        """Return the files that no needing job's field `points` names."""
        ids: list[Document] = [{"$match": {"_id": {"$lt": oldest}}}, {"$project": {"_id": 1}}]
        return self._without(f"{bucket}.files", ids, _lookup("jobs", points, needed), limit)

    def _without(self, collection: str, ids: list[Document], lookup: Document, limit: int) -> list[ObjectId]:
        # On the server, one id after the other: a list of all of them would pass the 16 MB of a document.
        alone: list[Document] = [
            {"$lookup": lookup},
            {"$match": {"others": []}},
            {"$limit": limit},
            {"$project": {"_id": 1}},
        ]
        return [document["_id"] for document in self._database[collection].aggregate([*ids, *alone])]


def _lookup(others: str, field: str, needed: Document) -> Document:
    """Return the stage that finds one `needed` document of `others` whose `field` is the id."""
    return {
        "from": others,
        "localField": "_id",
        "foreignField": field,
        "pipeline": [{"$match": needed}, {"$limit": 1}, {"$project": {"_id": 1}}],
        "as": "others",
    }
