"""Who has a podcast feed, and by which token it is read: the collection `feeds`, one document for each owner."""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from secrets import token_urlsafe

from pymongo.database import Database

from functions.shared.mongo import Document

TOKEN_BYTES = 32
MARK_BYTES = 8  # of a token's hash, which the links of its feed carry


@dataclass(frozen=True)
class Feed:
    """The owner's feed; `mark` tells it from the owner's earlier feeds."""

    owner: str
    mark: bytes
    created: datetime


class Feeds:
    """Tokens are stored as hashes. Needs the rights to find, insert, update and remove documents of `feeds`."""

    def __init__(self, database: Database[Document]) -> None:
        self._feeds = database["feeds"]

    def renew(self, owner: str) -> str:
        """Return the token of a new feed of the owner; the token of the one before ends."""
        token = token_urlsafe(TOKEN_BYTES)
        feed = {"token": _digest(token), "created": datetime.now(UTC)}
        self._feeds.update_one({"_id": owner}, {"$set": feed}, upsert=True)
        return token

    def revoke(self, owner: str) -> None:
        """End the owner's feed, if there is one."""
        self._feeds.delete_one({"_id": owner})

    def of(self, owner: str) -> Feed | None:
        return self._one({"_id": owner})

    def by_token(self, token: str) -> Feed | None:
        return self._one({"token": _digest(token)})

    def _one(self, query: Document) -> Feed | None:
        found = self._feeds.find_one(query)
        return Feed(found["_id"], found["token"][:MARK_BYTES], found["created"]) if found else None


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
