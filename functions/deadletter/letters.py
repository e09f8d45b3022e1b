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

MAX_LETTER_BYTES = 64 * 1024  # an event of ours has less than 1 KiB
MAX_LETTERS = 10_000


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
        """Keep the event with its error; count it if it is stored already for the same destination.

        An event that is too large, or a new one while there are MAX_LETTERS, is logged and dropped: sweep republishes
        the events of every unfinished job, and the first letters show the cause better than the last.
        """
        now = datetime.now(UTC)
        dest, code = (event.get(f"knativeerror{name}", "") for name in ("dest", "code"))
        text = to_json(event)
        if len(text) > MAX_LETTER_BYTES:
            log.error("dead letter dropped: too large", extra={"bytes": len(text)})
            return
        key = {"id": event["id"], "source": event["source"], "dest": dest}
        fields = {
            "type": event["type"],
            "subject": event.get("subject", ""),
            "code": code,
            "event": text.decode(),
            "last": now,
        }
        change = {"$set": fields, "$setOnInsert": {"first": now}, "$inc": {"count": 1}}
        has_room = self._dead.estimated_document_count() < MAX_LETTERS
        if not self._dead.update_one({"_id": key}, change, upsert=has_room).matched_count and not has_room:
            log.error("dead letter dropped: too many are stored", extra={"dest": dest, "code": code})
            return
        log.warning("dead-lettered", extra={"dest": dest, "code": code})

    def all(self) -> list[DeadLetter]:
        """Return all of them, the oldest first."""
        return [DeadLetter.of(document) for document in self._dead.find().sort("first")]

    def remove(self, letter: DeadLetter) -> None:
        """Delete the letter, unless it was counted again since it was read."""
        self._dead.delete_one({"_id": letter.key, "count": letter.count})
