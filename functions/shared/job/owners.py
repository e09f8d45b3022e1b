"""The owners of jobs: who was served lately, and whose account was deleted."""

from datetime import timedelta

from pymongo.database import Database

from functions.shared.job.clock import after
from functions.shared.mongo import Document

OWNERS = "owners"
# Longer than a token (1 h) and an upload that began with it (1 h) together: afterwards nothing of the owner can come.
TOMBSTONE = timedelta(hours=3)


class OwnerDeleted(Exception):  # noqa: N818  # what happened to the owner, not a failure
    """The owner's account was deleted, or its deletion has begun."""

    def __init__(self) -> None:
        super().__init__("The account was deleted. Register again with POST /auth/register.")


class Owners:
    """Tombstones of deleted accounts. Needs the right to find owners; for `delete` those to insert and update them."""

    def __init__(self, database: Database[Document]) -> None:
        self._owners = database[OWNERS]

    def delete(self, owner: str) -> None:
        """Set the owner's tombstone: from now on no job of the owner is created, claimed, committed or notified of."""
        fields = {"deleted": "$$NOW", "expires": {"$max": ["$expires", after(TOMBSTONE)]}}
        self._owners.update_one({"_id": owner}, [{"$set": fields}], upsert=True)

    def is_deleted(self, owner: str) -> bool:
        """Return whether the owner has a tombstone."""
        return self._owners.find_one({"_id": owner, "deleted": {"$exists": True}}, {"_id": 1}) is not None

    def check(self, owner: str) -> None:
        """Raise OwnerDeleted if the owner has a tombstone."""
        if self.is_deleted(owner):
            raise OwnerDeleted
