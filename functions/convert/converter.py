"""The use case of convert: one delivery of `video.uploaded`, from the claim to the published end."""

import logging
import subprocess
import time

from bson import ObjectId
from cloudevents.http import CloudEvent

from functions.convert.conversion import Conversion
from functions.shared.events import SinkAway
from functions.shared.job import events
from functions.shared.job.conversions import GAVE_UP, Attempt, Conversions, LeaseLost
from functions.shared.job.document import FINAL, Job
from functions.shared.job.events import EventSink
from functions.shared.logs import about
from functions.shared.media import Bucket
from functions.shared.retry import RetryLater
from functions.shared.trace import current, follow

log = logging.getLogger(__name__)

RETRY_AFTER = 30  # seconds


class Converter:
    def __init__(self, conversions: Conversions, conversion: Conversion, videos: Bucket, sink: EventSink) -> None:
        self._conversions = conversions
        self._conversion = conversion
        self._videos = videos
        self._sink = sink

    def convert(self, job: ObjectId) -> None:
        """Convert one video, preferably that of `job`, and publish how its job ended.

        It is the video of another job if that job's turn comes first, or if `job` cannot be converted now. A `job` that
        waits meanwhile gets its event again. A `job` that has ended already is published again, as its event may have
        been lost. Raises RetryLater if the attempt failed because of a server problem, and pymongo's error if MongoDB
        is away.
        """
        attempt = self._conversions.claim_next(job)
        if attempt is None or attempt.job.id != job:
            self._finish(self._ended_before(job))
            if attempt and (waiting := self._conversions.waiting(job)):
                # The event of the other job may be lost, so nothing else might convert this one until it is overdue.
                self._publish(events.uploaded(waiting))
        if attempt:
            with follow(attempt.job.trace or current()), about(job=str(attempt.job.id)):
                self._finish(self._end(attempt))

    def _finish(self, ended: Job | None) -> None:
        if ended:
            self._publish(events.ended(ended))
            gave_up = ended.reason and ended.reason.code == GAVE_UP.code  # a replay of such a job needs its video
            if not gave_up and ended.keep is None:  # the sweeper deletes a video that is kept
                self._videos.delete(ended.video, ended.size)

    def _end(self, attempt: Attempt) -> Job | None:
        try:
            return self._try(attempt)
        except LeaseLost:  # at any point, also when the job was to be released
            log.info("lease lost: the job is deleted, replayed or converted by another attempt")
            return None

    def _try(self, attempt: Attempt) -> Job:
        started = time.monotonic()
        try:
            ended = self._conversion.run(attempt)
        except (OSError, subprocess.SubprocessError) as error:
            log.warning("attempt failed", extra={"error": str(error), "tries": attempt.tries})
            if not (gave_up := attempt.release()):
                raise RetryLater("The conversion failed because of a server problem", RETRY_AFTER) from error
            return gave_up
        log.info("ended", extra=_facts(ended) | {"seconds": round(time.monotonic() - started, 3)})
        return ended

    def _ended_before(self, job: ObjectId) -> Job | None:
        """Return a job that cannot be claimed because it has ended; end it if its attempts are used up."""
        self._conversions.give_up(job)
        found = self._conversions.find(job)
        if found and found.state in FINAL:
            log.info("ended before, event published again")
            return found
        log.info("lease held, retry pending, CPU budget used, or another job's turn" if found else "no such job")
        return None

    def _publish(self, event: CloudEvent) -> None:
        try:
            self._sink.send(event)
        except SinkAway as error:
            log.warning("event not published; the sweeper will republish it", extra={"error": str(error)})


def _facts(ended: Job) -> dict[str, object]:
    if ended.reason:
        return {"code": ended.reason.code}
    return {"mp3": str(ended.mp3.id), "duration": ended.mp3.duration} if ended.mp3 else {}
