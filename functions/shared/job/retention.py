"""When an ended job expires, and which stored files a job still needs."""

from datetime import timedelta

from pymongo.database import Database

from functions.shared.job.clock import before
from functions.shared.job.document import COLLECTION, Job, State
from functions.shared.job.owners import OWNERS
from functions.shared.mongo import Document

# By bucket: the field of a job that names the file, and which jobs need it. A job that is done needs no video.
_NEEDS: dict[str, tuple[str, Document]] = {"videos": ("_id", {"state": {"$ne": State.DONE}}), "mp3s": ("mp3.id", {})}


class Retention:
    """The end of a job's life. Needs the rights to find and remove jobs, and to find owners."""

    def __init__(self, database: Database[Document]) -> None:
        self._jobs = database[COLLECTION]
        self._owners = database[OWNERS]

    def expire(self, retention: timedelta) -> Job | None:
        """Remove and return one job that ended longer than `retention` ago, None if there is none.

        The files of the job are the caller's to delete.
        """
        query = {"finished": {"$exists": True}, "$expr": {"$lt": ["$finished", before(retention)]}}
        document = self._jobs.find_one_and_delete(query)
        return Job.of(document) if document else None

    def remove_of_deleted_owner(self) -> Job | None:
        """Remove and return one job, in any state, whose owner's account was deleted; None if there is none.

        The files of the job are the caller's to delete. An attempt under way raises LeaseLost.
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


def lookup_of_job_needing(bucket: str, result: str) -> Document:
    """Return the `$lookup` for a pipeline over file ids (`_id`) of `videos` or `mp3s`.

    It sets the field `result` to a list of one job that needs the file, or to an empty list.
    """
    field, needing = _NEEDS[bucket]
    return {
        "from": COLLECTION,
        "localField": "_id",
        "foreignField": field,
        "pipeline": [{"$match": needing}, {"$limit": 1}, {"$project": {"_id": 1}}],
        "as": result,
    }
