"""The watermark of MongoDB's disk: uploads are refused before it is full, as a full disk stops everything."""

import time

from pymongo.database import Database

from functions.shared.mongo import Document
from functions.upload.errors import StoreFull

FRESH_SECONDS = 1.0


class Space:
    """The free space of MongoDB's disk. Needs the right to run `dbStats` on the database."""

    def __init__(self, database: Database[Document], kept_free: int) -> None:
        """Let uploads leave `kept_free` bytes of the disk free: conversions and the journal need them."""
        self._database = database
        self._kept_free = kept_free
        self._asked = -FRESH_SECONDS
        self._free: int | None = None

    def check(self, size: int) -> None:
        """Raise StoreFull if `size` bytes more do not fit; an answer of MongoDB counts for a second."""
        if time.monotonic() - self._asked >= FRESH_SECONDS:
            found = self._database.command("dbStats")
            # A hosted MongoDB may hide its disk.
            total = int(found.get("fsTotalSize", 0))
            self._free = total - int(found["fsUsedSize"]) if total else None
            self._asked = time.monotonic()
        if self._free is not None and self._free - size < self._kept_free:
            raise StoreFull
