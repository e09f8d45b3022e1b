"""Receives one video, or takes one that is stored: creates its job, publishes the job's event."""

import logging
import math
import time
from dataclasses import dataclass
from typing import Protocol

from bson import ObjectId

from functions.shared.events import SinkAway
from functions.shared.job import events
from functions.shared.job.document import Job
from functions.shared.job.events import EventSink
from functions.shared.job.options import Options
from functions.shared.job.owned import Jobs
from functions.shared.job.owners import OwnerDeleted
from functions.shared.media import Bucket
from functions.shared.tokens import Caller
from functions.shared.trace import current, follow
from functions.upload.errors import BrokerNotConnected, EmptyVideo, JobNotFound, VideoGone
from functions.upload.quotas import Quotas
from functions.upload.sources import Source
from functions.upload.video import Video

PREWARM_SECONDS = 10  # between two events that start notify, which then stays for a minute at least

log = logging.getLogger("upload")


@dataclass(frozen=True)
class Receipt:
    """The request's job; `is_new` is False if an earlier one with the same `Idempotency-Key` created the job."""

    job: Job
    is_new: bool


@dataclass(frozen=True)
class Stored:
    """A stored video: its GridFS id, its name, its size in bytes."""

    video: ObjectId
    name: str
    size: int


class Sessions(Protocol):
    """Whose sessions have ended; `functions.shared.sessions.SessionVerifier` knows it."""

    def require_open(self, caller: Caller) -> None:
        """Raise InvalidToken if the caller's session has ended."""


class Receiver:
    def __init__(
        self,
        jobs: Jobs,
        videos: Bucket,
        quotas: Quotas,
        sessions: Sessions,
        sink: EventSink | None,
        *,
        keep: int = 0,
    ) -> None:
        """Store in `jobs` and `videos`, publish to `sink`; without a sink refuse every upload.

        Videos are kept for `keep` hours after the end of their jobs.
        """
        self._jobs = jobs
        self._videos = videos
        self._quotas = quotas
        self._sessions = sessions
        self._sink = sink
        self._keep = keep
        self._prewarmed = -math.inf  # when, in seconds of `time.monotonic()`

    def receive(self, caller: Caller, source: Source, key: str | None) -> Receipt:
        """Store the video of `source` and create its job; with a known `key` leave `source` unread.

        Raises what `errors` lists, OwnerDeleted, what `sessions` raises, and one of `mongo.AWAY`. Then there is neither
        job nor video, with one exception: if the store fails during the job's insert, the job may exist, and a retry
        with the key finds it.
        """
        if first := self.first(caller, key):
            return first
        writer = self._videos.writer()
        with self._quotas.reserve(caller.user, writer.id, source.length) as reservation:
            with writer:
                metadata = source.save(Video(writer, reservation))
                if not writer.size:
                    raise EmptyVideo("The video is empty. Check the file and send it again.")
                self._sessions.require_open(caller)  # it may have ended while the body arrived
                writer.commit()
            stored = Stored(writer.id, metadata.name, writer.size)
            return self.accept(stored, caller, metadata.options, key)

    def accept(self, stored: Stored, caller: Caller, options: Options, key: str | None) -> Receipt:
        """Create the job of a video that was stored for it; delete the video if the job has another one, or is refused.

        Raises OwnerDeleted, and one of `mongo.AWAY`.
        """
        try:
            receipt = self._create(stored.video, stored, caller, options, key)
        except OwnerDeleted:
            self._videos.delete(stored.video, stored.size)
            raise
        if not receipt.is_new:  # another upload with the same key was faster
            self._videos.delete(stored.video, stored.size)
        return receipt

    def again(self, caller: Caller, job: str, options: Options, key: str | None) -> Receipt:
        """Create another job of the video that `job` has, with these options.

        Raises what `errors` lists, OwnerDeleted, and one of `mongo.AWAY`. Then there is no new job, with the same
        exception as for `receive`.
        """
        if first := self.first(caller, key):
            return first
        found = self._jobs.get(caller.user, ObjectId(job)) if ObjectId.is_valid(job) else None
        if found is None:
            raise JobNotFound
        if not self._jobs.keeps_video(caller.user, found.id):
            raise VideoGone
        new, stored = ObjectId(), Stored(found.video, found.name, found.size)
        with self._quotas.reserve(caller.user, new, length=0):  # the video counts already
            return self._create(new, stored, caller, options, key)

    def first(self, caller: Caller, key: str | None) -> Receipt | None:
        """Return the receipt of an earlier request with the key; raise BrokerNotConnected."""
        if self._sink is None:
            raise BrokerNotConnected("The event broker is not connected yet. Retry in a few seconds.")
        first = self._jobs.with_key(caller.user, key) if key else None
        return Receipt(first, is_new=False) if first else None

    def _create(self, job: ObjectId, stored: Stored, caller: Caller, options: Options, key: str | None) -> Receipt:
        created = self._jobs.create(
            job,
            owner=caller.user,
            email=caller.email,
            verified=caller.verified,
            name=stored.name,
            options=options,
            size=stored.size,
            key=key,
            trace=current(),
            quota=self._quotas.stored,
            keep=self._keep,
            video=stored.video,
        )
        if is_new := created.id == job:
            log.info("accepted", extra={"job": str(job), "user": caller.user, "size": stored.size})
        return Receipt(created, is_new)

    def publish(self, job: Job) -> None:
        """Publish the new job's `video.uploaded`; if the broker does not accept it, the sweeper republishes it."""
        assert self._sink  # without it `receive` creates no job
        now = time.monotonic()
        if prewarm := now - self._prewarmed >= PREWARM_SECONDS:
            self._prewarmed = now
        with follow(job.trace or current()):  # the request's own context has ended with its answer
            try:
                self._sink.send(events.uploaded(job, prewarm=prewarm))
            except SinkAway as error:
                extra = {"job": str(job.id), "error": str(error)}
                log.warning("event not published; the sweeper will republish it", extra=extra)
