"""Receives one video: stores it as it arrives, creates its job, publishes the job's event."""

import logging
import math
import time
from dataclasses import dataclass
from typing import Protocol

from functions.shared.events import SinkAway
from functions.shared.job import events
from functions.shared.job.document import Job
from functions.shared.job.events import EventSink
from functions.shared.job.owned import Jobs
from functions.shared.job.owners import OwnerDeleted
from functions.shared.media import Bucket
from functions.shared.tokens import Caller
from functions.shared.trace import current, follow
from functions.upload.errors import BrokerNotConnected, EmptyVideo
from functions.upload.quotas import Quotas
from functions.upload.sources import Source
from functions.upload.video import Video

PREWARM_SECONDS = 10  # between two events that start notify, which then stays for a minute at least

log = logging.getLogger("upload")


@dataclass(frozen=True)
class Receipt:
    """The upload's job; `is_new` is False if an earlier upload with the same `Idempotency-Key` created the job."""

    job: Job
    is_new: bool


class Sessions(Protocol):
    """Whose sessions have ended; `functions.shared.sessions.SessionVerifier` knows it."""

    def require_open(self, caller: Caller) -> None:
        """Raise InvalidToken if the caller's session has ended."""


class Receiver:
    def __init__(self, jobs: Jobs, videos: Bucket, quotas: Quotas, sessions: Sessions, sink: EventSink | None) -> None:
        """Store in `jobs` and `videos`, publish to `sink`; without a sink refuse every upload."""
        self._jobs = jobs
        self._videos = videos
        self._quotas = quotas
        self._sessions = sessions
        self._sink = sink
        self._prewarmed = -math.inf  # when, in seconds of `time.monotonic()`

    def receive(self, caller: Caller, source: Source, key: str | None) -> Receipt:
        """Store the video of `source` and create its job; with a known `key` leave `source` unread.

        Raises what `errors` lists, OwnerDeleted, what `sessions` raises, and one of `mongo.AWAY`. Then there is neither
        job nor video, with one exception: if the store fails during the job's insert, the job may exist, and a retry
        with the key finds it.
        """
        if self._sink is None:
            raise BrokerNotConnected("The event broker is not connected yet. Retry in a few seconds.")
        if key and (first := self._jobs.with_key(caller.user, key)):
            return Receipt(first, is_new=False)
        writer = self._videos.writer()
        with self._quotas.reserve(caller.user, writer.id, source.length) as reservation:
            with writer:
                metadata = source.save(Video(writer, reservation))
                if not writer.size:
                    raise EmptyVideo("The video is empty. Check the file and send it again.")
                self._sessions.require_open(caller)  # it may have ended while the body arrived
                writer.commit()
            try:
                job = self._jobs.create(
                    writer.id,
                    owner=caller.user,
                    email=caller.email,
                    name=metadata.name,
                    options=metadata.options,
                    size=writer.size,
                    key=key,
                    trace=current(),
                    quota=self._quotas.stored,
                )
            except OwnerDeleted:
                self._videos.delete(writer.id, writer.size)
                raise
        if job.id != writer.id:  # a concurrent upload with the same key was faster
            self._videos.delete(writer.id, writer.size)
            return Receipt(job, is_new=False)
        log.info("accepted", extra={"job": str(job.id), "user": caller.user, "size": job.size})
        return Receipt(job, is_new=True)

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
