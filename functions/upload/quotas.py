"""What one user may take up: bytes stored, jobs that have not ended, uploads within an hour.

A user's uploads of the last hour stand in one document of `quotas`, by the ids of their videos, and those under way
with the bytes that they may store. An upload puts itself behind them by one command, and then looks who is before it:
of any that come at once each sees all that came earlier, so together they pass no limit. What ended without a word, by
a crash, is forgotten with its hour.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil

from bson import ObjectId
from pymongo import ReturnDocument, WriteConcern
from pymongo.database import Database

from functions.shared.job.usage import Usages
from functions.shared.mongo import AWAY, Document
from functions.shared.problems import Problem

HOUR = timedelta(hours=1)  # as long as an upload may take, too
JOB_ENDS = 30  # seconds: most conversions take less
ROOM_COMES = 60  # seconds: with the end of an upload or a conversion; only its owner makes other room
MIB = 1024**2


@dataclass(frozen=True)
class Limits:
    """Of each user; `stored` is in bytes."""

    stored: int
    open_jobs: int
    uploads_per_hour: int


@dataclass(frozen=True)
class Room:
    """`size` bytes for a video, the rest of `limit`."""

    size: int
    limit: int

    def check(self, size: int) -> None:
        """Raise a 429 problem if there is none for so many bytes."""
        if size > self.size:
            may = f"Your videos and MP3s may take up {self.limit // MIB} MiB, with what is being uploaded."
            raise _full(f"{may} Wait, or delete jobs that you need no more with DELETE /jobs/ID.", ROOM_COMES)


class Quotas:
    def __init__(self, database: Database[Document], limits: Limits) -> None:
        # Not waited for on disk: what a store that falls over forgets of this harms nobody.
        self._quotas = database["quotas"].with_options(write_concern=WriteConcern(w=1))
        self._usages = Usages(database)
        self._limits = limits

    @contextmanager
    def upload(self, owner: str, video: ObjectId, length: int | None, most: int) -> Iterator[Room]:
        """Count an upload of `length` bytes, or of `most` if nobody knows, as under way until the block ends.

        Raises a 429 problem if it is one too many, or of more bytes than there is room for.
        """
        before = self._put(owner, video, most if length is None else length)
        try:
            self._check_rate(before)
            room = self._room(owner, [upload for upload in before if "size" in upload])
            room.check(1 if length is None else length)
        except Problem:
            self._quotas.update_one({"_id": owner}, {"$pull": {"uploads": {"_id": video}}})
            raise
        store_is_there = True
        try:
            yield room
        except AWAY:  # it is not waited for a second time
            store_is_there = False
            raise
        finally:
            if store_is_there:
                with suppress(*AWAY):
                    ended = {"$unset": {"uploads.$.size": ""}}
                    self._quotas.update_one({"_id": owner, "uploads._id": video}, ended)

    def _put(self, owner: str, video: ObjectId, size: int) -> list[Document]:
        """Add the upload behind those of the last hour, and return them."""
        since = {"$subtract": ["$$NOW", HOUR // timedelta(milliseconds=1)]}
        young = {"$gt": [{"$toDate": "$$this._id"}, since]}
        kept = {"$filter": {"input": {"$ifNull": ["$uploads", []]}, "cond": young}}
        change = {"uploads": {"$concatArrays": [kept, [{"_id": video, "size": size}]]}, "last": "$$NOW"}
        document = self._quotas.find_one_and_update(
            {"_id": owner}, [{"$set": change}], upsert=True, return_document=ReturnDocument.AFTER
        )
        assert document  # made if there was none
        return list(document["uploads"][:-1])

    def _check_rate(self, before: list[Document]) -> None:
        limit = self._limits.uploads_per_hour
        if len(before) >= limit:
            begun = sorted(upload["_id"].generation_time for upload in before)
            wait = begun[len(before) - limit] + HOUR - datetime.now(UTC)
            detail = f"You may begin {limit} uploads an hour. Wait as many seconds as Retry-After says."
            raise _full(detail, max(1, ceil(wait.total_seconds())))

    def _room(self, owner: str, under_way: list[Document]) -> Room:
        """Return what room there is; raise a 429 problem if too many jobs are open."""
        # After those under way were read: each is among them or has become a job, and is not counted twice.
        usage = self._usages.of(owner, excluding=[upload["_id"] for upload in under_way])
        if usage.open_jobs + len(under_way) >= self._limits.open_jobs:
            may = f"You may have {self._limits.open_jobs} jobs that have not ended."
            raise _full(f"{may} Wait until one has, or delete one with DELETE /jobs/ID.", JOB_ENDS)
        taken = usage.stored_bytes + sum(upload["size"] for upload in under_way)
        return Room(self._limits.stored - taken, self._limits.stored)


def _full(detail: str, wait: int) -> Problem:
    return Problem(429, detail, {"Retry-After": str(wait)})
