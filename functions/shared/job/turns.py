"""Whose job is converted next: the converters are shared by the owners of the waiting jobs, not by their jobs."""

from datetime import timedelta

from bson import ObjectId
from pymongo import ReturnDocument, WriteConcern
from pymongo.database import Database

from functions.shared.job.clock import after
from functions.shared.job.document import CLAIMABLE, COLLECTION, LEASE_EXPIRED, OPEN, State
from functions.shared.job.owners import OWNERS
from functions.shared.mongo import Document

REMEMBERED = timedelta(hours=2)
_HOUR: Document = {"$dateTrunc": {"date": "$$NOW", "unit": "hour"}}
_RUNS = {"$and": [{"$eq": ["$state", State.CONVERTING]}, {"$not": [LEASE_EXPIRED]}]}


class Turns:
    """The order of the owners. Needs the rights to find jobs, and to find, insert and update owners."""

    def __init__(self, database: Database[Document], cpu_budget: int | None = None) -> None:
        """Let each owner use `cpu_budget`, seconds of CPU time, in an hour by the clock; None for no limit."""
        self._jobs = database[COLLECTION]
        # Without waiting for the disk: if it is lost in a crash of the store, an owner is preferred once.
        self._owners = database[OWNERS].with_options(write_concern=WriteConcern(w=1))
        self._cpu_budget = cpu_budget

    def next(self, preferred: ObjectId) -> ObjectId | None:
        """Return the claimable job whose turn it is, None if there is none.

        An owner with fewer conversions under way comes first; then whose last attempt began longer ago. Of this owner's
        jobs it is `preferred`, if that is one of them, otherwise the oldest. Deleted owners have no turn, nor has an
        owner who has used the CPU budget of this hour: those jobs wait.
        """
        mine = {"$and": [CLAIMABLE, {"$eq": ["$_id", preferred]}]}
        owners: Document = {
            "_id": "$owner",
            "running": {"$sum": {"$cond": [_RUNS, 1, 0]}},
            "oldest": {"$min": {"$cond": [CLAIMABLE, "$_id", None]}},
            "preferred": {"$max": {"$cond": [mine, "$_id", None]}},
        }
        pipeline: list[Document] = [
            {"$match": {"state": {"$in": OPEN}}},
            {"$group": owners},
            {"$match": {"oldest": {"$ne": None}}},
            {"$lookup": {"from": OWNERS, "localField": "_id", "foreignField": "_id", "as": "known"}},
            {"$match": {"known.deleted": {"$exists": False}}},
            *self._within_budget(),
            {"$sort": {"running": 1, "known.served": 1, "oldest": 1}},
            {"$limit": 1},
            {"$project": {"_id": {"$ifNull": ["$preferred", "$oldest"]}}},
        ]
        return next((found["_id"] for found in self._jobs.aggregate(pipeline)), None)

    def served(self, owner: str) -> None:
        """Record that an attempt at one of the owner's jobs begins now."""
        fields = {"served": "$$NOW", "expires": {"$max": ["$expires", after(REMEMBERED)]}}
        self._owners.update_one({"_id": owner}, [{"$set": fields}], upsert=True)

    def spent(self, owner: str, seconds: float) -> bool:
        """Count CPU time that an attempt at one of the owner's jobs has taken; return whether the owner is deleted."""
        before = {"$cond": [{"$eq": ["$hour", _HOUR]}, "$cpu", 0]}
        cpu, expires = {"$add": [before, seconds]}, {"$max": ["$expires", after(REMEMBERED)]}
        fields = {"hour": _HOUR, "cpu": cpu, "expires": expires}
        known = self._owners.find_one_and_update(
            {"_id": owner}, [{"$set": fields}], {"deleted": 1}, upsert=True, return_document=ReturnDocument.AFTER
        )
        assert known  # inserted if there was none
        return "deleted" in known

    def _within_budget(self) -> list[Document]:
        if self._cpu_budget is None:
            return []
        this_hour = {"$eq": [{"$first": "$known.hour"}, _HOUR]}
        used = {"$and": [this_hour, {"$gte": [{"$first": "$known.cpu"}, self._cpu_budget]}]}
        return [{"$match": {"$expr": {"$not": [used]}}}]
