"""Videos that are kept after the end of their jobs, so that other jobs can be made from them, which share them.

A job needs its video while it is open, may be replayed or keeps it. Whatever ends a need deletes the video if no other
job needs it, and looks for one only after its own need has ended: of several that end at once, the last one sees none.
"""

from datetime import timedelta

from pymongo.database import Database

from functions.shared.job.clock import before, milliseconds
from functions.shared.job.document import COLLECTION, GAVE_UP_CODE, OPEN, Job
from functions.shared.mongo import Document

# A video is released so much later than `kept` says: longer than a request takes from its look to its new job.
HANDOVER = timedelta(minutes=10)
# Of a job that needs its video; of a job from which another one may be made now.
NEEDING: Document = {"$or": [{"state": {"$in": OPEN}}, {"reason.code": GAVE_UP_CODE}, {"kept": {"$exists": True}}]}
SHARING: Document = {
    "keep": {"$exists": True},
    "$or": [{"state": {"$in": OPEN}}, {"$expr": {"$gt": ["$kept", "$$NOW"]}}],
}
IS_SHAREABLE: Document = {"$gt": ["$keep", None]}  # an expression: another job may have been made from this one
# An expression for the field `kept` of a job that ends now.
UNTIL: Document = {
    "$cond": [
        IS_SHAREABLE,
        {"$add": ["$$NOW", {"$multiply": ["$keep", milliseconds(timedelta(hours=1))]}]},
        "$$REMOVE",
    ]
}


class KeptVideos:
    """Needs the right to find jobs, for `release` also to update them."""

    def __init__(self, database: Database[Document]) -> None:
        self._jobs = database[COLLECTION]

    def release(self) -> Job | None:
        """End the need of one job that has kept its video long enough, and return the job; None if there is none.

        Its video is the caller's to delete, unless it `is_needed`.
        """
        over = {"kept": {"$exists": True}, "$expr": {"$lt": ["$kept", before(HANDOVER)]}}
        document = self._jobs.find_one_and_update(over, {"$unset": {"kept": ""}})
        return Job.of(document) if document else None

    def is_needed(self, job: Job) -> bool:
        """Return whether any job needs the video of `job`, which was removed or has released it."""
        if job.keep is None:  # nothing was made from it
            return False
        sharing = {"$or": [{"_id": job.video}, {"video": job.video}]}
        return self._jobs.find_one({"$and": [sharing, NEEDING]}, {"_id": 1}) is not None
