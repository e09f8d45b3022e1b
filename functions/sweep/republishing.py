"""Republishes the events of jobs that are late, and fails the jobs whose attempts are used up."""

import logging
from dataclasses import dataclass

from cloudevents.http import CloudEvent

from functions.shared.events import SinkAway
from functions.shared.job import events
from functions.shared.job.deliveries import Channel
from functions.shared.job.events import EventSink
from functions.shared.job.overdue import Overdue
from functions.shared.logs import about
from functions.shared.trace import Trace, follow

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Counts:
    """The results of one round: jobs given up, events republished."""

    gave_up: int
    republished_uploads: int
    republished_deliveries: int


class Republishing:
    def __init__(self, overdue: Overdue, sink: EventSink) -> None:
        self._overdue = overdue
        self._sink = sink

    def round(self, limit: int) -> Counts:
        """Republish the late events of up to `limit` jobs of each kind.

        Once the broker does not answer, nothing more is published: the next round finds the same jobs late. Jobs are
        given up nevertheless.
        """
        publisher = _Publisher(self._sink)
        gave_up, uploads = self._give_up(publisher, limit), self._uploads(publisher, limit)
        return Counts(gave_up, uploads, sum(self._deliveries(publisher, channel, limit) for channel in Channel))

    def _give_up(self, publisher: "_Publisher", limit: int) -> int:
        count = 0
        for job in self._overdue.give_up(limit):
            publisher.publish(events.ended(job))
            count += 1
        return count

    def _uploads(self, publisher: "_Publisher", limit: int) -> int:
        count = 0
        for job in self._overdue.unconverted(limit):
            if publisher.publish(events.uploaded(job)):
                self._overdue.conversion_republished(job.id)
                count += 1
        return count

    def _deliveries(self, publisher: "_Publisher", channel: Channel, limit: int) -> int:
        count = 0
        for job in self._overdue.undelivered(channel, limit):
            if publisher.publish(events.ended(job)):
                self._overdue.delivery_republished(channel, job.id)
                count += 1
        return count


class _Publisher:
    """Publishes events until the broker does not answer for the first time."""

    def __init__(self, sink: EventSink) -> None:
        self._sink = sink
        self._answers = True

    def publish(self, event: CloudEvent) -> bool:
        if self._answers:
            try:
                self._sink.send(event)
            except SinkAway as error:
                log.warning("broker away", extra={"error": str(error)})
                self._answers = False
            else:
                names = {"event": event["id"], "type": event["type"], "subject": event["subject"]}
                with follow(Trace.of_event(event)), about(**names, job=event["subject"]):
                    log.info("republished")
        return self._answers
