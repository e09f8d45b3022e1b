"""The resources used by one owner's jobs, which upload compares with the owner's quotas."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bson import ObjectId
from pymongo.database import Database

from functions.shared.job.document import COLLECTION, GAVE_UP_CODE, OPEN
from functions.shared.job.kept import IS_SHAREABLE
from functions.shared.mongo import Document
from functions.shared.uploads import COLLECTION as UPLOADS
from functions.shared.uploads import UNFINISHED

HOUR = timedelta(hours=1)  # for which `quotas` lists an upload, and the longest that an upload may take


@dataclass(frozen=True)
class Usage:
    """`open_jobs` have not ended; `stored_bytes` are the sizes of the videos and MP3s that the jobs keep in GridFS.

    An open job counts with its video or with its MP3 as soon as that is known to be larger: one of them will be kept.
    If the video is kept, both of them count. A video that several jobs share counts once. A resumable upload counts
    with its whole length, and as an open job.
    """

    open_jobs: int
    stored_bytes: int


class Usages:
    """Sums over the jobs of one owner. Needs the rights to find jobs and uploads, for `stored` also to find quotas."""

    def __init__(self, database: Database[Document]) -> None:
        self._uploads = database[UPLOADS]
        self._quotas = database["quotas"]

    def of(self, owner: str, excluding: Collection[ObjectId]) -> Usage:
        """Return the usage of the owner's jobs and resumable uploads, those with an id in `excluding` left out.

        Uploads are read first, and grouped with the job of the same id: one that becomes a job meanwhile counts once.
        """
        # convert deletes the video when its job ends, unless the job keeps it or gave up: a replay needs that video.
        is_open = {"$in": ["$state", OPEN]}
        needs_video = {"$or": [is_open, {"$eq": ["$reason.code", GAVE_UP_CODE]}, {"$gt": ["$kept", None]}]}
        beyond_video = {"$max": [0, {"$subtract": ["$reserved", "$size"]}]}
        reserved = {"$cond": [IS_SHAREABLE, {"$ifNull": ["$reserved", 0]}, beyond_video]}
        by_video = {
            "_id": {"$ifNull": ["$video", "$_id"]},
            "video": {"$max": {"$cond": [needs_video, "$size", 0]}},
            "mp3s": {"$sum": {"$cond": [is_open, reserved, {"$ifNull": ["$mp3.size", 0]}]}},
            "open": {"$sum": {"$cond": [is_open, 1, 0]}},
        }
        owned: Document = {"$match": {"owner": owner, "_id": {"$nin": list(excluding)}}}
        pipeline: list[Document] = [
            owned,
            {"$match": UNFINISHED},
            {"$project": {"video": "$length", "mp3s": {"$literal": 0}, "open": {"$literal": 1}}},
            {"$unionWith": {"coll": COLLECTION, "pipeline": [owned, {"$group": by_video}]}},
            {
                "$group": {
                    "_id": "$_id",
                    "open": {"$max": "$open"},
                    "video": {"$max": "$video"},
                    "mp3s": {"$max": "$mp3s"},
                }
            },
            {"$group": {"_id": None, "open": {"$sum": "$open"}, "stored": {"$sum": {"$add": ["$video", "$mp3s"]}}}},
        ]
        found = next(self._uploads.aggregate(pipeline), {"open": 0, "stored": 0})
        return Usage(found["open"], found["stored"])

    def stored(self, owner: str) -> int:
        """Return the bytes of all the owner's jobs, and of the uploads in progress, which upload lists in `quotas`."""
        found = self._quotas.find_one({"_id": owner}) or {"uploads": []}
        began = datetime.now(UTC) - HOUR
        uploads = [upload for upload in found["uploads"] if "size" in upload and upload["_id"].generation_time > began]
        jobs = self.of(owner, excluding=[upload["_id"] for upload in uploads])
        return jobs.stored_bytes + sum(int(upload["size"]) for upload in uploads)
