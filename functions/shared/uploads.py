"""Resumable uploads: one document of the collection `uploads` for each, until it expires.

The document counts the bytes of the video that are stored, its `offset`: whole chunks in GridFS `videos` under the
upload's id, and the bytes behind them, `rest`, in the document itself. One writer at a time holds the document, and
moves the offset by compare-and-set after the chunks are stored: what a crash or a writer that has lost its hold leaves
behind the offset does not count. A complete upload becomes the job of the same id. Times are the server's.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from bson import ObjectId
from pymongo import ReturnDocument, WriteConcern
from pymongo.collection import Collection
from pymongo.database import Database

from functions.shared.job.clock import after, before
from functions.shared.job.options import Options
from functions.shared.mongo import Document

COLLECTION = "uploads"
LIFETIME = timedelta(hours=24)
# How long a writer that vanished keeps others from writing. A client retries after a cut for about 9 s by default.
HOLD = timedelta(seconds=6)
# A request takes an hour at most: a writer that has not renewed its hold for so long has ended.
ENDED = timedelta(hours=1)
FREE: Document = {"$lte": [{"$ifNull": ["$until", "$$NOW"]}, "$$NOW"]}
UNFINISHED: Document = {"job": {"$exists": False}}
# For a pipeline over ids of videos: sets `upload` to a list of the unfinished upload of that id, or to an empty list.
LOOKUP: Document = {
    "from": COLLECTION,
    "localField": "_id",
    "foreignField": "_id",
    "as": "upload",
    "pipeline": [{"$match": UNFINISHED}, {"$project": {"_id": 1}}],
}


class HoldLost(Exception):  # noqa: N818  # what happened to the hold, not a failure
    """The upload was deleted, or another writer has taken it over."""


@dataclass(frozen=True)
class Upload:
    """`length` and `offset` are in bytes, `metadata` is what the client sent, `job` is None until there is one."""

    id: ObjectId
    owner: str
    name: str
    options: Options
    metadata: str
    length: int
    expires: datetime
    key: str | None = None
    offset: int = 0
    job: ObjectId | None = None

    @property
    def is_whole(self) -> bool:
        """Whether every byte is stored."""
        return self.offset == self.length

    @property
    def has_expired(self) -> bool:
        return self.job is None and self.expires <= datetime.now(UTC)


class Uploads:
    """Needs the rights to find, insert, update and remove uploads; `forget`, `take` and `expire` find and remove alone.

    A method that returns an upload returns None for another owner's upload.
    """

    def __init__(self, database: Database[Document]) -> None:
        self._uploads = database[COLLECTION]

    def create(self, upload: Upload) -> None:
        fields = vars(upload) | {"_id": upload.id, "options": upload.options.words()}
        missing = {name for name, value in fields.items() if value is None}
        self._uploads.insert_one({name: value for name, value in fields.items() if name not in missing | {"id"}})

    def with_key(self, owner: str, key: str) -> Upload | None:
        """Return the owner's upload that was created with this `Idempotency-Key`, as `see` does."""
        return self._see({"owner": owner, "key": key})

    def see(self, owner: str, upload: ObjectId) -> Upload | None:
        """Return the upload; its offset is in the journals of a majority, so that no crash takes it back.

        The write waits for the journal, which has all earlier writes, also those whose writer has crashed since.
        """
        return self._see({"_id": upload, "owner": owner})

    def _see(self, query: Document) -> Upload | None:
        found = self._uploads.find_one_and_update(
            query, [{"$set": {"seen": "$$NOW"}}], projection={"rest": 0}, return_document=ReturnDocument.AFTER
        )
        return _upload(found)

    def hold(self, owner: str, upload: ObjectId, offset: int) -> "Hold | None":
        """Become the writer of an unfinished upload that has this offset, unless it has expired or has a writer."""
        token = uuid4().hex
        document = self._uploads.find_one_and_update(
            {
                "_id": upload,
                "owner": owner,
                "offset": offset,
                **UNFINISHED,
                "$expr": {"$and": [FREE, {"$gt": ["$expires", "$$NOW"]}]},
            },
            [{"$set": {"writer": token, "until": after(HOLD)}}],
            return_document=ReturnDocument.AFTER,
        )
        found = _upload(document)
        return Hold(self._uploads, found, (document or {}).get("rest", b""), token) if found else None

    def remove(self, owner: str, upload: ObjectId) -> Upload | None:
        """Remove and return the upload; None if there is none, or if it is whole and its job is just being created.

        A writer loses its hold. The stored bytes are the caller's to delete, unless there is a job.
        """
        query = {"_id": upload, "owner": owner, "$expr": {"$or": [{"$lt": ["$offset", "$length"]}, FREE]}}
        return _upload(self._uploads.find_one_and_delete(query, projection={"rest": 0}))

    def take(self, owner: str) -> Upload | None:
        """Remove and return one of the owner's uploads, whatever its state is; None if there is none."""
        return _upload(self._uploads.find_one_and_delete({"owner": owner}, projection={"rest": 0}))

    def forget(self, job: ObjectId) -> None:
        """Remove the upload that became this job, if there is one."""
        self._uploads.delete_one({"_id": job})

    def expire(self) -> Upload | None:
        """Remove and return one upload that has expired and has no writer; None if there is none."""
        over = {"$lt": ["$expires", "$$NOW"]}
        written_lately = {"$gt": ["$until", before(ENDED)]}  # false without `until`: a missing field is less than any
        query = {"$expr": {"$and": [over, {"$not": [written_lately]}]}}
        return _upload(self._uploads.find_one_and_delete(query, projection={"rest": 0}))


class Hold:
    """A writer's hold on an upload, which it keeps by renewing it. Each method raises HoldLost when it is lost."""

    def __init__(self, uploads: Collection[Document], upload: Upload, rest: bytes, token: str) -> None:
        self.upload = upload
        self.rest = rest
        self._uploads = uploads
        self._mine = {"_id": upload.id, "writer": token}

    def renew(self) -> None:
        self._update([{"$set": {"until": after(HOLD)}}])

    def advance(self, offset: int, rest: bytes) -> None:
        """Note that `offset` bytes are stored, the last of them in `rest`; it is in the journals of a majority then."""
        self._update([{"$set": {"offset": offset, "rest": {"$literal": rest}, "until": after(HOLD)}}])

    def finish(self, job: ObjectId) -> None:
        """Note the job of the upload, which needs no writer any more."""
        self._update([{"$set": {"job": job}}, {"$unset": ["rest", "writer", "until"]}])

    def release(self) -> None:
        """Let others write; does nothing if the hold is lost."""
        # A crash of the store that forgets it only lets the next writer wait until the hold ends.
        quick = self._uploads.with_options(write_concern=WriteConcern(w=1))
        quick.update_one(self._mine, {"$unset": {"writer": "", "until": ""}})

    def _update(self, change: list[Document]) -> None:
        if not self._uploads.update_one(self._mine, change).matched_count:
            raise HoldLost


def _upload(document: Document | None) -> Upload | None:
    if document is None:
        return None
    return Upload(
        id=document["_id"],
        owner=document["owner"],
        name=document["name"],
        options=Options.of(document["options"]),
        metadata=document["metadata"],
        length=document["length"],
        expires=document["expires"],
        key=document.get("key"),
        offset=document["offset"],
        job=document.get("job"),
    )
