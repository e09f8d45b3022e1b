from datetime import UTC, datetime

import pytest
from bson import ObjectId
from cloudevents.http import CloudEvent

from functions.shared import mongo
from functions.shared.job.document import Job, State
from functions.shared.job.owned import Jobs
from functions.shared.media import Bucket
from functions.upload import receiver
from functions.upload.quotas import Limits, Quotas
from functions.upload.receiver import Receiver
from functions.upload.space import Space
from tests.support.sessions import OpenSessions


class Sink:
    """A broker; `events` are those that were sent to it."""

    def __init__(self) -> None:
        self.events: list[CloudEvent] = []

    def send(self, event: CloudEvent) -> None:
        self.events.append(event)


def publish(times: int, sink: Sink) -> list[str | None]:
    """Publish the events of new jobs; return the extension `prewarm` of each."""
    database = mongo.database("mongodb://nowhere.invalid/video2mp3")
    quotas = Quotas(database, Limits(1, 1, 1), Space(database, 0))
    it = Receiver(Jobs(database), Bucket(database, "videos"), quotas, OpenSessions(), sink)
    for _ in range(times):
        video, now = ObjectId(), datetime.now(UTC)
        it.publish(Job(video, video, "anna", "a@b.example", "film.mp4", 1, State.UPLOADED, 0, None, None, now, None))
    return [event.get("prewarm") for event in sink.events]


def test_first_event_starts_notify_and_the_next_ones_do_not() -> None:
    """Those of the next seconds: notify has been started."""
    assert publish(3, Sink()) == ["true", None, None]


def test_event_after_a_while_starts_notify_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """notify may have scaled to zero meanwhile."""
    monkeypatch.setattr(receiver, "PREWARM_SECONDS", 0)
    assert publish(2, Sink()) == ["true", "true"]
