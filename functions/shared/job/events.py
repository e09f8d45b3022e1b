"""The events about a job, as a function publishes them first and the sweeper publishes them again."""

from typing import Protocol

from cloudevents.http import CloudEvent

from functions.shared.events import audio_converted, conversion_failed, video_uploaded
from functions.shared.job.document import Job


class EventSink(Protocol):
    """Where events go; `functions.shared.events.Sink` is one."""

    def send(self, event: CloudEvent) -> None:
        """Publish the event; raise SinkAway if it was not accepted."""


def uploaded(job: Job, *, prewarm: bool = False) -> CloudEvent:
    """Return the event that asks for the conversion of an open job, and with `prewarm` for the start of notify."""
    return video_uploaded(str(job.id), job.trace, prewarm=prewarm)


def ended(job: Job) -> CloudEvent:
    """Return the event about the end of a job; raise ValueError for an open job."""
    if job.mp3:
        return audio_converted(str(job.id), str(job.mp3.id), job.trace)
    if job.reason:
        return conversion_failed(str(job.id), job.reason.code, job.trace)
    raise ValueError(f"job {job.id} has not ended")
