"""When an ended job expires, and which stored files a job still needs."""

from datetime import timedelta

from pymongo.database import Database

from functions.shared.job.clock import before
from functions.shared.job.document import COLLECTION, Job, State
from functions.shared.mongo import Document

# By bucket: the field of a job that names the file, and which jobs need it. A job that is done needs no video.
_NEEDS: dict[str, tuple[str, Document]] = {"videos": ("_id", {"state": {"$ne": State.DONE}}), "mp3s": ("mp3.id", {})}


class Retention:
    """The end of a job's life. Needs the rights to find and remove jobs."""

    def __init__(self, database: Database[Document]) -> None:
        self._jobs = database[COLLECTION]

    def expire(self, retention: timedelta) -> Job | None:
        """Remove and return one job that ended longer than `retention` ago, None if there is none.

        The files of the job are the caller's to delete.
        """
        query = {"finished": {"$exists": True}, "$expr": {"$lt": ["$finished", before(retention)]}}
        document = self._jobs.find_one_and_delete(query)
        return Job.of(document) if document else None


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
