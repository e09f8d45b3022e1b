"""The events that could not be delivered, for people to read and to replay."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from cloudevents.conversion import to_json
from cloudevents.http import CloudEvent
from pymongo.database import Database

from functions.shared.mongo import Document


@dataclass(frozen=True)
class DeadEvent:
    """One event that one destination did not take, as often as it was dead-lettered."""

    key: Document
    type: str
    subject: str
    code: str
    count: int

    @classmethod
    def of(cls, document: Document) -> Self:
        return cls(*(document[name] for name in ("_id", "type", "subject", "code", "count")))


class Dead:
    """The collection `dead`: `{_id: {id, source, dest}, type, subject, code, event, first, last, count}`.

    `dest` and `code` are the broker's `knativeerrordest` and `knativeerrorcode`, `event` is the whole of it in
    CloudEvents' JSON format, `first` and `last` are when it was stored.
    """

    def __init__(self, database: Database[Document]) -> None:
        self._dead = database["dead"]

    def store(self, event: CloudEvent) -> None:
        """Keep the event; one that comes again is counted."""
        now = datetime.now(UTC)
        key = {"id": event["id"], "source": event["source"], "dest": event.get("knativeerrordest", "")}
        fields = {
            "type": event["type"],
            "subject": event.get("subject", ""),
            "code": event.get("knativeerrorcode", ""),
            "event": to_json(event).decode(),
            "last": now,
        }
        change = {"$set": fields, "$setOnInsert": {"first": now}, "$inc": {"count": 1}}
        self._dead.update_one({"_id": key}, change, upsert=True)

    def all(self) -> list[DeadEvent]:
        """Return what there is, the oldest first."""
        return [DeadEvent.of(document) for document in self._dead.find().sort("first")]

    def remove(self, event: DeadEvent) -> None:
        """Forget the event, unless it came once more since it was read."""
        self._dead.delete_one({"_id": event.key, "count": event.count})
