"""What is told again: jobs whose event or converter is late, and mails that are due."""

import logging
from dataclasses import dataclass

from cloudevents.http import CloudEvent
from pymongo.database import Database

from functions.shared.events import Sink, SinkAway, audio_converted, conversion_failed, video_uploaded
from functions.shared.job.conversions import GAVE_UP, OVERDUE, TRIES, Conversions
from functions.shared.job.deliveries import DUE, Outcome
from functions.shared.job.document import OPEN
from functions.shared.mongo import Document

log = logging.getLogger(__name__)

MINUTE = 60_000  # milliseconds
LONGEST_WAIT = 16  # minutes


@dataclass(frozen=True)
class Counts:
    """What one round did: jobs given up, events told again."""

    gave_up: int
    told_uploads: int
    told_mails: int


class Retelling:
    """Tells again what is late, each thing after 1, 2, 4 … 16 minutes, so that a slow broker is not flooded.

    When that is stands in a field of its own, `told`: the leases keep others from a job or its mail, so none may move
    because a thing was told. A new attempt begins with one minute again.
    """

    def __init__(self, database: Database[Document], sink: Sink) -> None:
        self._jobs = database["jobs"]
        self._conversions = Conversions(database)
        self._sink = sink

    def round(self, limit: int) -> Counts:
        """Go once through what is late, up to `limit` of each kind; a broker that is away ends the telling only."""
        voice = _Voice(self._sink)
        return Counts(self._give_up(voice, limit), self._uploads(voice, limit), self._mails(voice, limit))

    def oldest_unfinished(self) -> int:
        """Return the age of the oldest open job in seconds, 0 if there is none."""
        oldest: list[Document] = [
            {"$match": {"state": {"$in": OPEN}}},
            {"$group": {"_id": None, "created": {"$min": "$created"}}},
            {"$project": {"milliseconds": {"$subtract": ["$$NOW", "$created"]}}},
        ]
        return next((document["milliseconds"] // 1000 for document in self._jobs.aggregate(oldest)), 0)

    def _give_up(self, voice: "_Voice", limit: int) -> int:
        query = {"state": {"$in": OPEN}, "tries": {"$gte": TRIES}, "$expr": OVERDUE}
        count = 0
        for job in self._jobs.find(query, {"_id": 1}).sort("lease").limit(limit):
            if self._conversions.give_up(job["_id"]):
                count += 1
                voice.tell(conversion_failed(str(job["_id"]), GAVE_UP.code))
        return count

    def _uploads(self, voice: "_Voice", limit: int) -> int:
        query = {
            "state": {"$in": OPEN},
            "tries": {"$lt": TRIES},
            "$expr": {"$and": [OVERDUE, _untold("told", "tries")]},
        }
        count = 0
        for job in self._jobs.find(query, {"_id": 1}).sort("lease").limit(limit):
            if voice.tell(video_uploaded(str(job["_id"]))):
                self._jobs.update_one({"_id": job["_id"], "state": {"$in": OPEN}}, _told("told", "tries"))
                count += 1
        return count

    def _mails(self, voice: "_Voice", limit: int) -> int:
        pending = {"mail.outcome": Outcome.PENDING}
        query = pending | {"$expr": {"$and": [DUE, _untold("mail.told", "mail.tries")]}}
        count = 0
        for job in self._jobs.find(query, {"mp3.id": 1, "reason.code": 1}).sort("mail.lease").limit(limit):
            number = str(job["_id"])
            done = "mp3" in job
            event = (
                audio_converted(number, str(job["mp3"]["id"]))
                if done
                else conversion_failed(number, job["reason"]["code"])
            )
            if voice.tell(event):
                self._jobs.update_one({"_id": job["_id"]} | pending, _told("mail.told", "mail.tries"))
                count += 1
        return count


class _Voice:
    """Tells events until the broker does not answer; what stays untold is as late at the next tick."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._heard = True

    def tell(self, event: CloudEvent) -> bool:
        if self._heard:
            try:
                self._sink.send(event)
            except SinkAway as error:
                log.warning("broker away", extra={"error": str(error)})
                self._heard = False
        return self._heard


def _untold(told: str, tries: str) -> Document:
    """Return the expression for: not told since the last attempt, or long enough ago."""
    return {"$or": [{"$ne": [f"${told}.tries", f"${tries}"]}, {"$lt": [f"${told}.again", "$$NOW"]}]}


def _told(told: str, tries: str) -> list[Document]:
    """Return the change that remembers a telling."""
    before = {"$cond": [{"$eq": [f"${told}.tries", f"${tries}"]}, f"${told}.times", 0]}
    wait = {"$multiply": [MINUTE, {"$min": [LONGEST_WAIT, {"$pow": [2, before]}]}]}
    times = {"$add": [before, 1]}
    return [{"$set": {told: {"tries": f"${tries}", "times": times, "again": {"$add": ["$$NOW", wait]}}}}]
