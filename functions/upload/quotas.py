"""Quotas of each user: bytes stored, jobs that have not ended, uploads started within an hour.

One document of `quotas` per user lists the uploads of the last hour by the ids of their videos; an upload in progress
also has the bytes that it reserves. An upload appends itself with one command and then checks the uploads before it:
concurrent uploads see each other in one order, so together they exceed no quota. After a crash an upload stays
"in progress" until its hour is over.
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
from functions.upload.errors import QuotaExceeded

HOUR = timedelta(hours=1)  # also the longest that an upload may take
JOB_RETRY_SECONDS = 30  # most conversions take less
STORAGE_RETRY_SECONDS = 60  # an upload or a conversion that ends may free storage; otherwise its owner has to
MIB = 1024**2


@dataclass(frozen=True)
class Limits:
    """Quotas of each user; `stored` is in bytes."""

    stored: int
    open_jobs: int
    uploads_per_hour: int


@dataclass(frozen=True)
class Allowance:
    """What one upload may store: `size` bytes, which is what other jobs and uploads leave of the quota `limit`."""

    size: int
    limit: int

    def check(self, size: int) -> None:
        """Raise QuotaExceeded if `size` bytes are more than this."""
        if size > self.size:
            raise QuotaExceeded(
                f"Storage quota of {self.limit // MIB} MiB exceeded, uploads in progress included. "
                "Delete jobs or retry later.",
                STORAGE_RETRY_SECONDS,
            )


class Quotas:
    def __init__(self, database: Database[Document], limits: Limits) -> None:
        # Without waiting for the disk: losing these documents in a crash of the store does no harm.
        self._quotas = database["quotas"].with_options(write_concern=WriteConcern(w=1))
        self._usages = Usages(database)
        self._limits = limits

    @contextmanager
    def reserve(self, owner: str, video: ObjectId, length: int | None, max_length: int) -> Iterator[Allowance]:
        """Count an upload of `length` bytes, or of `max_length` if unknown, as in progress until the block ends.

        Raises QuotaExceeded if the upload exceeds any quota.
        """
        before = self._append(owner, video, max_length if length is None else length)
        try:
            self._check_rate(before)
            allowance = self._allowance(owner, [upload for upload in before if "size" in upload])
            allowance.check(1 if length is None else length)
        except QuotaExceeded:
            self._quotas.update_one({"_id": owner}, {"$pull": {"uploads": {"_id": video}}})
            raise
        store_answers = True
        try:
            yield allowance
        except AWAY:  # the caller does not wait for a second timeout
            store_answers = False
            raise
        finally:
            if store_answers:
                with suppress(*AWAY):
                    ended = {"$unset": {"uploads.$.size": ""}}
                    self._quotas.update_one({"_id": owner, "uploads._id": video}, ended)

    def _append(self, owner: str, video: ObjectId, size: int) -> list[Document]:
        """Append the upload to those of the last hour, and return those before it."""
        since = {"$subtract": ["$$NOW", HOUR // timedelta(milliseconds=1)]}
        young = {"$gt": [{"$toDate": "$$this._id"}, since]}
        kept = {"$filter": {"input": {"$ifNull": ["$uploads", []]}, "cond": young}}
        change = {"uploads": {"$concatArrays": [kept, [{"_id": video, "size": size}]]}, "last": "$$NOW"}
        document = self._quotas.find_one_and_update(
            {"_id": owner}, [{"$set": change}], upsert=True, return_document=ReturnDocument.AFTER
        )
        assert document  # inserted if there was none
        return list(document["uploads"][:-1])

    def _check_rate(self, before: list[Document]) -> None:
        limit = self._limits.uploads_per_hour
        if len(before) >= limit:
            started = sorted(upload["_id"].generation_time for upload in before)
            wait = started[len(before) - limit] + HOUR - datetime.now(UTC)
            detail = f"Quota of {limit} uploads per hour exceeded. Retry after the seconds in the Retry-After header."
            raise QuotaExceeded(detail, max(1, ceil(wait.total_seconds())))

    def _allowance(self, owner: str, in_progress: list[Document]) -> Allowance:
        """Return what is left of the storage quota; raise QuotaExceeded if too many jobs are open."""
        # Queried after `in_progress` was read: each of those is among them or has become a job, and counts once.
        usage = self._usages.of(owner, excluding=[upload["_id"] for upload in in_progress])
        if usage.open_jobs + len(in_progress) >= self._limits.open_jobs:
            raise QuotaExceeded(
                f"Quota of {self._limits.open_jobs} unfinished jobs exceeded, uploads in progress included. "
                "Wait until a job ends, or delete a job.",
                JOB_RETRY_SECONDS,
            )
        taken = usage.stored_bytes + sum(upload["size"] for upload in in_progress)
        return Allowance(self._limits.stored - taken, self._limits.stored)
