"""Quotas of each user: bytes stored, jobs that have not ended, uploads started within an hour.

One document of `quotas` per user lists the uploads of the last hour by the ids of their videos; an upload in progress
also has the bytes that it reserves: its length or, if that is unknown, the steps that have begun. An upload appends
itself with one command and then checks the uploads before it: concurrent uploads see each other in one order, so
together they exceed no quota. If MongoDB is away when an upload ends, its end is recorded later. After a crash of the
function, an upload stays "in progress" until its hour is over.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from threading import Thread

from bson import ObjectId
from pymongo import ReturnDocument, WriteConcern
from pymongo.database import Database

from functions.shared.job.owners import Owners
from functions.shared.job.usage import HOUR, Usage, Usages
from functions.shared.mongo import AWAY, Document
from functions.upload.errors import QuotaExceeded
from functions.upload.space import Space

JOB_RETRY_SECONDS = 30  # most conversions take less
STORAGE_RETRY_SECONDS = 60  # an upload or a conversion that ends may free storage; otherwise its owner has to
MIB = 1024**2
STEP_BYTES = 64 * MIB  # of a body, until the reservation and the store's free space are checked again
RELEASE_RETRY_SECONDS = 5


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


class Reservation:
    """The allowance of an upload in progress, which is renewed at each step of its body."""

    def __init__(self, allowance: Allowance, renew: Callable[[int], Allowance], start: int = 0) -> None:
        """Call `renew` with the bytes up to the end of each step but the first, before the step begins.

        The first step begins behind the `start` bytes that are stored already.
        """
        self._allowance = allowance
        self._renew = renew
        self._step_end = start + STEP_BYTES

    def check(self, size: int) -> None:
        """Raise QuotaExceeded, StoreFull or OwnerDeleted unless the upload may store `size` bytes."""
        while size > self._step_end:
            self._allowance = self._renew(self._step_end + STEP_BYTES)
            self._step_end += STEP_BYTES
        self._allowance.check(size)


class Quotas:
    def __init__(self, database: Database[Document], limits: Limits, space: Space) -> None:
        # Without waiting for the disk: losing these documents in a crash of the store does no harm.
        self._quotas = database["quotas"].with_options(write_concern=WriteConcern(w=1))
        self._usages = Usages(database)
        self._owners = Owners(database)
        self._limits = limits
        self._space = space

    @property
    def stored(self) -> int:
        """The bytes that a user's videos and MP3s may have together."""
        return self._limits.stored

    def used(self, owner: str) -> int:
        """Return how many bytes the owner's videos, MP3s and uploads in progress have together."""
        return self._usages.stored(owner)

    @contextmanager
    def reserve(self, owner: str, video: ObjectId, length: int | None) -> Iterator[Reservation]:
        """Count an upload of `length` bytes, or step by step if unknown, as in progress until the block ends.

        Raises QuotaExceeded if the upload exceeds any quota, and StoreFull.
        """
        self._space.check(STEP_BYTES if length is None else length)
        before = self._append(owner, video, STEP_BYTES if length is None else length)
        try:
            self._check_rate(before)
            in_progress = [upload for upload in before if "size" in upload]
            usage = self._usages.of(owner, excluding=[upload["_id"] for upload in in_progress])
            self._check_open_jobs(usage.open_jobs + len(in_progress))
            allowance = self._allowance(usage, in_progress)
            allowance.check(length or 1)
        except QuotaExceeded:
            self._quotas.update_one({"_id": owner}, {"$pull": {"uploads": {"_id": video}}})
            raise

        def renew(size: int) -> Allowance:
            self._space.check(STEP_BYTES)
            self._owners.check(owner)
            return self._extend(owner, video, size) if length is None else allowance

        store_answers = True
        try:
            yield Reservation(allowance, renew)
        except AWAY:  # the caller does not wait for a second timeout
            store_answers = False
            raise
        finally:
            if not (store_answers and self._released(owner, video)):
                Thread(target=self._release_later, args=(owner, video), daemon=True).start()

    def resume(self, owner: str, offset: int, length: int) -> Reservation:
        """Return the reservation of an upload of which `offset` bytes are stored, and whose `length` counts already.

        Raises StoreFull if the rest does not fit.
        """
        self._space.check(length - offset)
        allowance = Allowance(length, self._limits.stored)

        def renew(_size: int) -> Allowance:
            self._space.check(STEP_BYTES)
            self._owners.check(owner)
            return allowance

        return Reservation(allowance, renew, offset)

    def _released(self, owner: str, video: ObjectId) -> bool:
        """Record that the upload has ended; return False if MongoDB is away."""
        with suppress(*AWAY):
            self._quotas.update_one({"_id": owner, "uploads._id": video}, {"$unset": {"uploads.$.size": ""}})
            return True
        return False

    def _release_later(self, owner: str, video: ObjectId) -> None:
        end = time.monotonic() + HOUR.total_seconds()
        while time.monotonic() < end and not self._released(owner, video):
            time.sleep(RELEASE_RETRY_SECONDS)

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

    def _extend(self, owner: str, video: ObjectId, size: int) -> Allowance:
        """Reserve `size` bytes instead of fewer, and return what all others leave of the storage quota."""
        change = {"$set": {"uploads.$.size": size}}
        document = self._quotas.find_one_and_update(
            {"_id": owner, "uploads._id": video}, change, return_document=ReturnDocument.AFTER
        )
        uploads = document["uploads"] if document else []
        others = [upload for upload in uploads if "size" in upload and upload["_id"] != video]
        return self._allowance(self._usages.of(owner, excluding=[upload["_id"] for upload in others]), others)

    def _check_rate(self, before: list[Document]) -> None:
        limit = self._limits.uploads_per_hour
        if len(before) >= limit:
            started = sorted(upload["_id"].generation_time for upload in before)
            wait = started[len(before) - limit] + HOUR - datetime.now(UTC)
            detail = f"Quota of {limit} uploads per hour exceeded. Retry after the seconds in the Retry-After header."
            raise QuotaExceeded(detail, max(1, ceil(wait.total_seconds())))

    def _check_open_jobs(self, count: int) -> None:
        if count >= self._limits.open_jobs:
            raise QuotaExceeded(
                f"Quota of {self._limits.open_jobs} unfinished jobs exceeded, uploads in progress included. "
                "Wait until a job ends, or delete a job.",
                JOB_RETRY_SECONDS,
            )

    def _allowance(self, usage: Usage, in_progress: list[Document]) -> Allowance:
        """Return what is left of the storage quota.

        `usage` was queried after `in_progress` was read, without these: each of them counts once, also if it has become
        a job meanwhile.
        """
        taken = usage.stored_bytes + sum(upload["size"] for upload in in_progress)
        return Allowance(self._limits.stored - taken, self._limits.stored)
