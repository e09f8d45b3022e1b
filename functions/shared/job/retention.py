"""When an ended job expires, and which stored files a job still needs."""

from datetime import timedelta

from bson import ObjectId
from pymongo.database import Database

from functions.shared.job.clock import before
from functions.shared.job.document import COLLECTION, Job
from functions.shared.job.kept import NEEDING
from functions.shared.job.owners import OWNERS
from functions.shared.mongo import Document

# By bucket: the fields of a job that name the file, and which jobs need it.
_NEEDS: dict[str, tuple[list[str], Document]] = {"videos": (["_id", "video"], NEEDING), "mp3s": (["mp3.id"], {})}


class Retention:
    """The end of a job's life. Needs the rights to find and remove jobs, and to find owners."""

    def __init__(self, database: Database[Document]) -> None:
        self._jobs = database[COLLECTION]
        self._owners = database[OWNERS]

    def expire(self, retention: timedelta) -> Job | None:
        """Remove and return one job that ended longer than `retention` ago, None if there is none.

        A job that keeps its video stays until it has released it. The files of the job are the caller's to delete, the
        video unless another job needs it.
        """
        over = {"$lt": ["$finished", before(retention)]}
        query = {"finished": {"$exists": True}, "kept": {"$exists": False}, "$expr": over}
        document = self._jobs.find_one_and_delete(query)
        return Job.of(document) if document else None

    def deleted_owners(self) -> list[str]:
        """Return the owners whose account was deleted within the last hours."""
        return [owner["_id"] for owner in self._owners.find({"deleted": {"$exists": True}}, {"_id": 1})]

    def remove_of_deleted_owner(self) -> Job | None:
        """Remove and return one job, in any state, whose owner's account was deleted; None if there is none.

        The files of the job are the caller's to delete, as after `expire`. An attempt under way raises LeaseLost.
        """
        jobs = {"from": COLLECTION, "localField": "_id", "foreignField": "owner", "as": "job"}
        left: list[Document] = [
            {"$match": {"deleted": {"$exists": True}}},
            {"$lookup": jobs | {"pipeline": [{"$limit": 1}, {"$project": {"_id": 1}}]}},
            {"$unwind": "$job"},
            {"$limit": 1},
        ]
        for found in self._owners.aggregate(left):
            document = self._jobs.find_one_and_delete({"_id": found["job"]["_id"]})
            return Job.of(document) if document else None
        return None

    def has(self, job: ObjectId) -> bool:
        """Return whether there is such a job."""
        return self._jobs.find_one({"_id": job}, {"_id": 1}) is not None


def lookups_of_jobs_needing(bucket: str) -> list[Document]:
    """Return the `$lookup`s for a pipeline over file ids (`_id`) of `videos` or `mp3s`.

    Each sets the field of its `as` to a list of one job that needs the file, or to an empty list.
    """
    fields, needing = _NEEDS[bucket]
    pipeline = [{"$match": needing}, {"$limit": 1}, {"$project": {"_id": 1}}]
    lookup = {"from": COLLECTION, "localField": "_id", "pipeline": pipeline}
    return [lookup | {"foreignField": field, "as": f"by_{field}".replace(".", "_")} for field in fields]
