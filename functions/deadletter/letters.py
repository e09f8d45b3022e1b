"""The dead letters: events that could not be delivered, for people to read and to replay."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from cloudevents.conversion import to_json
from cloudevents.http import CloudEvent
from pymongo.database import Database

from functions.shared.mongo import Document

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DeadLetter:
    """One event that one destination did not accept; `count` says how often it was dead-lettered."""

    key: Document
    type: str
    subject: str
    code: str
    count: int

    @classmethod
    def of(cls, document: Document) -> Self:
        return cls(*(document[name] for name in ("_id", "type", "subject", "code", "count")))


class DeadLetters:
    """The collection `dead`: `{_id: {id, source, dest}, type, subject, code, event, first, last, count}`.

    `dest` and `code` are the broker's `knativeerrordest` and `knativeerrorcode`, `event` is the whole event in the
    JSON format of CloudEvents, `first` and `last` are the times at which it was stored.
    """

    def __init__(self, database: Database[Document]) -> None:
        self._dead = database["dead"]

    def store(self, event: CloudEvent) -> None:
        """Keep the event with its error; count it if it is stored already for the same destination."""
        now = datetime.now(UTC)
        dest, code = (event.get(f"knativeerror{name}", "") for name in ("dest", "code"))
        key = {"id": event["id"], "source": event["source"], "dest": dest}
        fields = {
            "type": event["type"],
            "subject": event.get("subject", ""),
            "code": code,
            "event": to_json(event).decode(),
            "last": now,
        }
        change = {"$set": fields, "$setOnInsert": {"first": now}, "$inc": {"count": 1}}
        self._dead.update_one({"_id": key}, change, upsert=True)
        log.warning("dead-lettered", extra={"dest": dest, "code": code})

    def all(self) -> list[DeadLetter]:
        """Return all of them, the oldest first."""
        return [DeadLetter.of(document) for document in self._dead.find().sort("first")]

    def remove(self, letter: DeadLetter) -> None:
        """Delete the letter, unless it was counted again since it was read."""
        self._dead.delete_one({"_id": letter.key, "count": letter.count})
