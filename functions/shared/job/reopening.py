"""The replay of a job: an operator makes it convert again from the start."""

from bson import ObjectId
from pymongo.database import Database

from functions.shared.job.conversions import GAVE_UP
from functions.shared.job.deliveries import RUN, Channel, path
from functions.shared.job.document import COLLECTION, LEASE_EXPIRED, State
from functions.shared.mongo import Document

_OF_VERSION_0_1 = ("mail", "told")


class Reopening:
    """The operator's side of the jobs. Needs the rights to find and update jobs."""

    def __init__(self, database: Database[Document]) -> None:
        self._jobs = database[COLLECTION]

    def reopen(self, job: ObjectId, *, video_stored: bool) -> bool:
        """Make the job due now: state `uploaded`, no attempt used. Returns whether it was reopened.

        Precondition: no attempt has a lease on the job; and it is open, or it failed with GAVE_UP and its video is
        still stored. What the owner has been notified of already is kept: no owner is notified of the same end twice.
        """
        open_without_lease: Document = {
            "$or": [{"state": State.UPLOADED}, {"state": State.CONVERTING, "$expr": LEASE_EXPIRED}]
        }
        gave_up: Document = {"state": State.FAILED, "reason.code": GAVE_UP.code}
        allowed = {"$or": [open_without_lease, gave_up]} if video_stored else open_without_lease
        fields = {"state": State.UPLOADED, "progress": 0.0, "tries": 0, "lease": "$$NOW"}
        deliveries = [path(channel, field) for channel in Channel for field in RUN]
        ended = ["attempt", "reason", "finished", "kept", "republish", "reserved", *deliveries, *_OF_VERSION_0_1]
        change: list[Document] = [{"$set": fields}, {"$unset": ended}]
        return self._jobs.update_one({"_id": job} | allowed, change).matched_count > 0
