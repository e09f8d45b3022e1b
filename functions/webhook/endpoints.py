"""Each user's endpoint: the collection `webhooks`, one document for each owner.

The secret is stored as it is, since every message is signed with it.
"""

from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from secrets import token_bytes

from pymongo import ReturnDocument
from pymongo.database import Database

from functions.shared.mongo import Document

SECRET_BYTES = 32
OFF_AFTER = timedelta(days=3)  # of failures without a success between them
TEST_PAUSE = timedelta(seconds=10)


class Off(StrEnum):
    """Why an endpoint gets no messages any more."""

    GONE = "gone"  # it has answered 410
    FAILING = "failing"  # for OFF_AFTER


@dataclass(frozen=True)
class Endpoint:
    """Where the owner's messages go; `failing` is when the first failure after the last success was."""

    owner: str
    url: str
    secret: str
    created: datetime
    failing: datetime | None
    off: Off | None

    @classmethod
    def of(cls, document: Document) -> "Endpoint":
        off = document.get("off")
        return cls(
            document["_id"],
            document["url"],
            document["secret"],
            document["created"],
            document.get("failing"),
            Off(off) if off else None,
        )


class Endpoints:
    """Needs the rights to find, insert, update and remove documents of `webhooks`."""

    def __init__(self, database: Database[Document]) -> None:
        self._endpoints = database["webhooks"]

    def put(self, owner: str, url: str, secret: str | None) -> Endpoint:
        """Set the owner's endpoint and turn it on. Without a secret the one before stays, or a new one is made."""
        made = f"whsec_{b64encode(token_bytes(SECRET_BYTES)).decode()}"
        kept = {"$literal": secret} if secret else {"$ifNull": ["$secret", made]}
        fields = {"url": {"$literal": url}, "secret": kept, "created": "$$NOW"}
        document = self._endpoints.find_one_and_update(
            {"_id": owner},
            [{"$set": fields}, {"$unset": ["failing", "off"]}],
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        assert document  # inserted if there was none
        return Endpoint.of(document)

    def of(self, owner: str) -> Endpoint | None:
        document = self._endpoints.find_one({"_id": owner})
        return Endpoint.of(document) if document else None

    def remove(self, owner: str) -> None:
        self._endpoints.delete_one({"_id": owner})

    def may_test(self, owner: str) -> bool:
        """Return whether a test message may be sent now, and if so count it."""
        now = datetime.now(UTC)
        unused = {"$or": [{"tested": {"$exists": False}}, {"tested": {"$lte": now - TEST_PAUSE}}]}
        counted = self._endpoints.update_one({"_id": owner} | unused, {"$set": {"tested": now}})
        return counted.matched_count > 0

    def succeeded(self, endpoint: Endpoint) -> None:
        """Forget earlier failures. An endpoint that was changed meanwhile is not changed."""
        if endpoint.failing:
            self._endpoints.update_one(_same(endpoint), {"$unset": {"failing": ""}})

    def failed(self, endpoint: Endpoint) -> None:
        """Note a failure, and turn the endpoint off if its failures have lasted OFF_AFTER."""
        since = endpoint.failing or datetime.now(UTC)
        change: Document = {"failing": since}
        if datetime.now(UTC) - since >= OFF_AFTER:
            change["off"] = Off.FAILING
        self._endpoints.update_one(_same(endpoint), {"$set": change})

    def gone(self, endpoint: Endpoint) -> None:
        """Turn the endpoint off for good: it has said so."""
        self._endpoints.update_one(_same(endpoint), {"$set": {"off": Off.GONE}})


def _same(endpoint: Endpoint) -> Document:
    return {"_id": endpoint.owner, "created": endpoint.created}
