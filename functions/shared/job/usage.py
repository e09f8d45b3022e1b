"""The resources used by one owner's jobs, which upload compares with the owner's quotas."""

from collections.abc import Collection
from dataclasses import dataclass

from bson import ObjectId
from pymongo.database import Database

from functions.shared.job.conversions import GAVE_UP
from functions.shared.job.document import OPEN
from functions.shared.mongo import Document


@dataclass(frozen=True)
class Usage:
    """`open_jobs` have not ended; `stored_bytes` are the sizes of the videos and MP3s that the jobs keep in GridFS."""

    open_jobs: int
    stored_bytes: int


class Usages:
    """Sums over the jobs of one owner. Needs the right to find jobs."""

    def __init__(self, database: Database[Document]) -> None:
        self._jobs = database["jobs"]

    def of(self, owner: str, excluding: Collection[ObjectId]) -> Usage:
        """Return the usage of the owner's jobs, those with an id in `excluding` left out."""
        # convert deletes the video when its job ends, unless the job gave up: a replay needs that video.
        is_open = {"$in": ["$state", OPEN]}
        has_video = {"$or": [is_open, {"$eq": ["$reason.code", GAVE_UP.code]}]}
        size = {"$cond": [has_video, "$size", {"$ifNull": ["$mp3.size", 0]}]}
        sums = {"_id": None, "open": {"$sum": {"$cond": [is_open, 1, 0]}}, "stored": {"$sum": size}}
        jobs = {"owner": owner, "_id": {"$nin": list(excluding)}}
        found = next(self._jobs.aggregate([{"$match": jobs}, {"$group": sums}]), {"open": 0, "stored": 0})
        return Usage(found["open"], found["stored"])
