"""The conversion of a job: a lease on its document, acquired, renewed and ended by compare-and-set."""

import logging
import time
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from bson import ObjectId
from pymongo import ReturnDocument
from pymongo.collection import Collection
from pymongo.database import Database

from functions.shared.job import deliveries
from functions.shared.job.clock import after
from functions.shared.job.document import (
    CLAIMABLE,
    COLLECTION,
    GAVE_UP_CODE,
    LEASE_EXPIRED,
    MAX_TRIES,
    OPEN,
    Job,
    Mp3,
    Reason,
    State,
)
from functions.shared.job.kept import UNTIL
from functions.shared.job.turns import Turns
from functions.shared.job.usage import Usages
from functions.shared.mongo import AWAY, Document

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)  # renewed with each report of progress; the longest wait after a converter was killed
BACKOFF = timedelta(seconds=30)
STORAGE_FULL = Reason(
    "storage_full",
    "The MP3 exceeds your storage quota. Delete jobs, then upload the video again.",
)
# The message is as in version 0.1, whose convert compares it: of a job with any other it deletes the video.
GAVE_UP = Reason(
    GAVE_UP_CODE, "The conversion stopped three times through no fault of the file. Please upload it again."
)


class LeaseLost(Exception):  # noqa: N818  # what happened to the lease, not a failure
    """The job or its owner was deleted, or the job was replayed or acquired by another attempt."""


class Conversions:
    """The converter's side of the jobs. Needs the rights to find and update jobs, for `claim_next` those of Turns."""

    def __init__(self, database: Database[Document], cpu_budget: int | None = None) -> None:
        """`claim_next` lets an owner wait who has used `cpu_budget`, seconds of CPU time in an hour."""
        self._jobs = database[COLLECTION]
        self._turns = Turns(database, cpu_budget)

    def claim_next(self, delivered: ObjectId) -> "Attempt | None":
        """Claim the job whose turn it is, see `Turns.next`; preferably `delivered`, whose event was delivered.

        Each delivery is a unit of work, not an order to convert one job: while the owner of `delivered` has a
        conversion under way, the job of another owner goes first. Returns None if no job can be claimed now.
        """
        while job := self._turns.next(delivered):
            if attempt := self.claim(job):  # otherwise another converter was faster: its attempt changes the turns
                self._turns.served(attempt.job.owner)
                return attempt
        return None

    def waiting(self, job: ObjectId) -> Job | None:
        """Return the job if an attempt at it may begin now."""
        document = self._jobs.find_one({"_id": job, "state": {"$in": OPEN}, "$expr": CLAIMABLE})
        return Job.of(document) if document else None

    def any_waits(self) -> bool:
        """Return whether a job waits for an attempt that may begin now; True while MongoDB is away."""
        try:
            return bool(self._jobs.find_one({"state": State.UPLOADED, "$expr": CLAIMABLE}, {"_id": 1}))
        except AWAY:
            return True

    def claim(self, job: ObjectId) -> "Attempt | None":
        """Acquire the lease on an open job for one attempt: state `converting`, the attempt is counted at once.

        Returns None, and changes nothing, if the job is leased or in backoff, has ended, was deleted, or has used its
        three attempts.
        """
        sent, token = time.monotonic(), uuid4().hex
        document = self._jobs.find_one_and_update(
            {"_id": job, "state": {"$in": OPEN}, "$expr": CLAIMABLE},
            [
                {
                    "$set": {
                        "state": State.CONVERTING,
                        "attempt": token,
                        "tries": {"$add": ["$tries", 1]},
                        "progress": 0.0,
                        "lease": after(LEASE),
                    }
                }
            ],
            return_document=ReturnDocument.AFTER,
        )
        return Attempt(self._jobs, Job.of(document), token, document["tries"], sent) if document else None

    def find(self, job: ObjectId) -> Job | None:
        document = self._jobs.find_one({"_id": job})
        return Job.of(document) if document else None

    def give_up(self, job: ObjectId) -> Job | None:
        """Fail an open job whose three attempts are used and whose lease has expired; None if `job` is not one."""
        document = self._jobs.find_one_and_update(
            {"_id": job, "state": {"$in": OPEN}, "tries": {"$gte": MAX_TRIES}, "$expr": LEASE_EXPIRED},
            _end({"state": State.FAILED, "reason": _plain(GAVE_UP)}),
            return_document=ReturnDocument.AFTER,
        )
        return Job.of(document) if document else None


class Attempt:
    """One claimed attempt at one job. Each method raises LeaseLost when the job is no longer this attempt's."""

    def __init__(self, jobs: Collection[Document], job: Job, token: str, tries: int, claimed: float) -> None:
        """`claimed` is the monotonic time, in seconds, at which the claim was sent."""
        self.job = job
        self.tries = tries
        self._jobs = jobs
        self._usages = Usages(jobs.database)
        self._turns = Turns(jobs.database)
        self._mine = {"_id": job.id, "attempt": token, "state": State.CONVERTING}
        self._leased_from = claimed
        self._cpu_seconds = 0.0

    def renew(self, progress: float) -> None:
        """Report progress (0 to 1) and renew the lease.

        While MongoDB is away the lease holds on without a renewal, and this returns: no other attempt can acquire the
        job before the lease expires. Raises pymongo's error once the lease may have expired, by this process's clock.
        """
        sent = time.monotonic()
        try:
            self._update([{"$set": {"progress": progress, "lease": after(LEASE)}}])
        except AWAY as error:
            if time.monotonic() - self._leased_from >= LEASE.total_seconds():
                raise
            log.warning("lease not renewed, it still holds", extra={"error": type(error).__name__})
        else:
            self._leased_from = sent

    def spend(self, seconds: float) -> None:
        """Note CPU time that the attempt has taken; `commit` or `charge` counts it against the owner's budget."""
        self._cpu_seconds += seconds

    def charge(self) -> None:
        """Count the CPU time that is not counted yet; while MongoDB is away it is not counted."""
        if self._cpu_seconds:
            try:
                self._charge()
            except AWAY as error:
                log.warning("CPU time not counted", extra={"error": type(error).__name__})

    def reserve(self, size: int) -> bool:
        """Let the job count with an MP3 of `size` bytes; return whether it fits into the owner's quota.

        Nothing is to be reserved for an MP3 that is not larger than the video, whose place it takes, unless the video
        is kept. Two attempts that reserve at once see each other: together they exceed no quota.
        """
        if self.job.quota is None or (size <= self.job.size and self.job.keep is None):
            return True
        self._update([{"$set": {"reserved": size}}])
        return self._usages.stored(self.job.owner) <= self.job.quota

    def commit(self, mp3: Mp3, *, incomplete: bool = False) -> Job:
        """End the job as `done` with its MP3, make its deliveries pending, and return it as it is then.

        This is the only point at which an MP3 counts. It is `incomplete` if it lacks some of the video's audio.
        """
        if self._charge():
            raise LeaseLost
        # Beside `mp3`, of which a pod of version 0.1 knows every field.
        lacking = {"incomplete": True} if incomplete else {}
        self._update(_end({"state": State.DONE, "progress": 1.0, "mp3": _plain(mp3)} | lacking))
        return replace(self.job, state=State.DONE, progress=1.0, mp3=mp3, incomplete=incomplete)

    def fail(self, reason: Reason, *, video_stored: bool = True) -> Job:
        """End the job as `failed`, because of the file, make its deliveries pending, and return it as it is then.

        A video that is no longer stored is not kept.
        """
        kept = {} if video_stored else {"kept": "$$REMOVE"}
        self._update(_end({"state": State.FAILED, "reason": _plain(reason)} | kept))
        return replace(self.job, state=State.FAILED, reason=reason)

    def release(self) -> Job | None:
        """Release the job after a server problem: `uploaded` again, in backoff for 30 s, after the second try 60 s.

        After the third try the job ends as `failed` with the reason GAVE_UP instead, and is returned.
        """
        if self.tries >= MAX_TRIES:
            return self.fail(GAVE_UP)
        waiting = {"state": State.UPLOADED, "progress": 0.0, "lease": after(BACKOFF * self.tries)}
        self._update([{"$set": waiting}, {"$unset": ["attempt", "reserved"]}])
        return None

    def _charge(self) -> bool:
        """Count the CPU time, and return whether the owner is deleted."""
        seconds, self._cpu_seconds = self._cpu_seconds, 0.0
        return self._turns.spent(self.job.owner, seconds)

    def _update(self, change: list[Document]) -> None:
        if not self._jobs.update_one(self._mine, change).matched_count:
            raise LeaseLost


def _end(fields: Document) -> list[Document]:
    ended = {"$set": {"finished": "$$NOW", "kept": UNTIL} | fields}
    return [ended, *deliveries.pending(), {"$unset": ["attempt", "lease", "republish", "reserved"]}]


def _plain(value: Reason | Mp3) -> Document:
    # In a pipeline a string that begins with `$` would be an expression.
    return {name: {"$literal": part} for name, part in vars(value).items()}
