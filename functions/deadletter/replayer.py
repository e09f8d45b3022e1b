"""Replays dead letters: makes their jobs due again; the sweeper republishes the jobs at its next tick."""

from collections.abc import Iterator
from enum import StrEnum

from bson import ObjectId
from pymongo.database import Database

from functions.deadletter.letters import DeadLetter, DeadLetters
from functions.shared.job.conversions import Conversions
from functions.shared.job.deliveries import Channel, Deliveries
from functions.shared.job.document import OPEN
from functions.shared.job.reopening import Reopening
from functions.shared.media import Bucket
from functions.shared.mongo import Document


class Fate(StrEnum):
    """What became of a dead letter's job."""

    CONVERTS_AGAIN = "its job will be converted again"
    UNDER_WAY = "its job is being converted"
    NOTIFIES_AGAIN = "its owner will be notified again"
    OVER = "its job needs nothing more"
    GONE = "its job does not exist any more"


class Replayer:
    """Changes jobs for an operator. Every change is one compare-and-set, and safe to repeat."""

    def __init__(self, database: Database[Document]) -> None:
        self._letters = DeadLetters(database)
        self._conversions = Conversions(database)
        self._reopening = Reopening(database)
        self._deliveries = [Deliveries(database, channel) for channel in Channel]
        self._videos = Bucket(database, "videos")

    def replay_all(self) -> Iterator[tuple[DeadLetter, Fate]]:
        """Replay and delete every dead letter that is stored now, and yield each with what became of its job."""
        for letter in self._letters.all():
            fate = self.replay(letter.subject)
            self._letters.remove(letter)
            yield letter, fate

    def replay(self, subject: str) -> Fate:
        """Make the job with the id `subject` due, with all its tries, if there is anything left to do for it."""
        found = self._conversions.find(ObjectId(subject)) if ObjectId.is_valid(subject) else None
        if found is None:
            return Fate.GONE
        if self._reopening.reopen(found.id, video_stored=self._videos.find(found.video) is not None):
            return Fate.CONVERTS_AGAIN
        if found.state in OPEN:
            return Fate.UNDER_WAY
        rescheduled = [deliveries.reschedule(found.id) for deliveries in self._deliveries]
        return Fate.NOTIFIES_AGAIN if any(rescheduled) else Fate.OVER
