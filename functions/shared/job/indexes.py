"""The indexes of the collection of jobs."""

from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.database import Database

from functions.shared.job.deliveries import Channel, Outcome, path
from functions.shared.job.document import COLLECTION, OPEN
from functions.shared.job.upgrade import OLD_FIELDS

_OF_VERSION_0_1 = {"mail.lease_1", "owner_1_state_1_reason.code_1_size_1_mp3.size_1__id_1"}


def make_indexes(database: Database[dict[str, Any]]) -> None:
    """Make the indexes that are missing and drop those of the version before. Needs an administrator's rights."""
    jobs = database[COLLECTION]
    jobs.create_index([("owner", ASCENDING), ("_id", DESCENDING)])
    jobs.create_index(
        [("owner", ASCENDING), ("key", ASCENDING)], unique=True, partialFilterExpression={"key": {"$exists": True}}
    )
    jobs.create_index("mp3.id", partialFilterExpression={"mp3.id": {"$exists": True}})
    open_jobs = {"state": {"$in": [*OPEN]}}
    jobs.create_index([("state", ASCENDING), ("lease", ASCENDING)], partialFilterExpression=open_jobs)
    for channel in Channel:
        pending: dict[str, Any] = {path(channel, "outcome"): Outcome.PENDING}
        jobs.create_index(path(channel, "lease"), partialFilterExpression=pending)
        held = path(channel, "held")
        waiting = pending | {held: {"$exists": True}}
        jobs.create_index([("email", ASCENDING), (held, ASCENDING)], partialFilterExpression=waiting)
    jobs.create_index("finished", partialFilterExpression={"finished": {"$exists": True}})
    jobs.create_index("kept", partialFilterExpression={"kept": {"$exists": True}})
    jobs.create_index("video", partialFilterExpression={"video": {"$exists": True}})
    # All that the sum of an owner's usage reads, so that it is answered by the index alone.
    summed = ("owner", "state", "reason.code", "size", "reserved", "mp3.size", "video", "keep", "kept", "_id")
    jobs.create_index([(name, ASCENDING) for name in summed])
    for field in OLD_FIELDS:  # empty once every document is upgraded
        jobs.create_index(field, sparse=True)
    for name in _OF_VERSION_0_1 & jobs.index_information().keys():
        jobs.drop_index(name)
