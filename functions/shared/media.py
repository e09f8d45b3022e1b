"""Videos and MP3s in GridFS: the documented format, written and read in batches of chunks.

pymongo's GridIn buffers up to 48 MB and waits for each write; this writer keeps two batches of 2 MiB in flight.
https://github.com/mongodb/specifications/blob/master/source/gridfs/gridfs-spec.md
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile
from types import TracebackType
from typing import Self

from bson import ObjectId
from pymongo import ASCENDING, DESCENDING, CursorType, WriteConcern
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import BulkWriteError, ConnectionFailure, DuplicateKeyError

from functions.shared.mongo import SILENT, Document

CHUNK = 255 * 1024  # bytes
BATCH = 8  # chunks
IN_FLIGHT = 2  # batches
AT_ONCE = IN_FLIGHT * BATCH  # chunks that are read by a single command
# One operation must end within the client's timeoutMS, and a cursor's whole life counts as one operation.
SPAN = 128 * CHUNK  # bytes per cursor
REMOVED = 1024  # chunks per delete
DUPLICATE_KEY = 11000  # MongoDB's code


@dataclass(frozen=True)
class File:
    """A stored file; `size` is in bytes."""

    id: ObjectId
    size: int
    stored: datetime


class ChunksLost(ConnectionFailure):
    """A new primary lacks chunks that the old one had acknowledged; the first `size` bytes of the file are there."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the new primary lacks chunks behind byte {size}")
        self.size = size


class Bucket:
    """One GridFS bucket: `videos` or `mp3s`."""

    def __init__(self, database: Database[Document], name: str) -> None:
        self._files = database[f"{name}.files"]
        # Chunks are acknowledged without waiting for the journal, which is written in order: the acknowledgement of the
        # files document covers them. Only a new primary can lack some, which `Writer.commit` detects. If it lacks the
        # removal of some, they have no file any more, and the sweeper removes them.
        self._chunks = database[f"{name}.chunks"].with_options(write_concern=WriteConcern(w=1))

    def writer(self) -> "Writer":
        """Return a writer under a fresh id."""
        return Writer(ObjectId(), self._files, self._chunks)

    def appender(self, file: ObjectId, size: int, rest: bytes) -> "Appender":
        """Return a writer that continues an incomplete file of `size` bytes; `rest` is what follows the last chunk."""
        return Appender(file, size, rest, self._files, self._chunks)

    def find(self, file: ObjectId) -> File | None:
        document = self._files.find_one({"_id": file})
        return File(document["_id"], document["length"], document["uploadDate"]) if document else None

    def read(self, file: File, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the file's bytes from `start` to before `end`, in chunks; raise EOFError if one is missing."""
        end = file.size if end is None else end
        while start < end:
            stop = min(end, start - start % SPAN + SPAN)
            yield from self._span(file.id, start, stop)
            start = stop

    def _span(self, file: ObjectId, start: int, end: int) -> Iterator[bytes]:
        number, stop = start // CHUNK, -(-end // CHUNK)
        query = {"files_id": file, "n": {"$gte": number, "$lt": stop}}
        wanted = {"_id": 0, "n": 1, "data": 1}
        if (count := stop - number) <= AT_ONCE:
            found = self._chunks.find(query, wanted, limit=count, batch_size=count)
        else:
            # Exhaust: the server sends the next batch while the caller handles this one.
            found = self._chunks.find(query, wanted, batch_size=BATCH, cursor_type=CursorType.EXHAUST)
        with found.sort("n", ASCENDING) as chunks:
            for document in chunks:
                if document["n"] != number:
                    break
                data = document["data"]
                offset = number * CHUNK
                if offset < start or offset + CHUNK > end:
                    data = data[max(0, start - offset) : end - offset]
                yield data
                number += 1
        if number * CHUNK < end:
            raise EOFError(f"file {file} lacks its chunk {number}")

    def delete(self, file: ObjectId, size: int | None = None) -> None:
        """Remove the file and its chunks; a file that is incomplete or missing is no error.

        With its `size` in bytes, its last chunk is not searched.
        """
        self._files.delete_one({"_id": file})
        _remove(self._chunks, file, 0, self._chunk_count(file) if size is None else -(-size // CHUNK))

    def complete(self, file: ObjectId, size: int, rest: bytes) -> None:
        """Make a file of `size` bytes visible whose whole chunks are stored; `rest` becomes its last chunk.

        May be repeated, and be done by several at once. Raises ChunksLost if chunks are missing.
        """
        durable = self._chunks.with_options(write_concern=self._files.write_concern)
        if rest:
            with suppress(DuplicateKeyError):
                durable.insert_one(_chunk(file, size // CHUNK, rest))
        if durable.count_documents({"files_id": file}) < -(-size // CHUNK):
            found = durable.find({"files_id": file}, {"_id": 0, "n": 1}).sort("n", ASCENDING)
            contiguous = takewhile(lambda pair: pair[0] == pair[1]["n"], enumerate(found))
            raise ChunksLost(sum(CHUNK for _ in contiguous))
        with suppress(DuplicateKeyError):
            _insert_file(self._files, file, size)

    def truncate(self, file: ObjectId, size: int) -> None:
        """Remove the chunks of an incomplete file that are not needed for its first `size` bytes."""
        _remove(self._chunks, file, size // CHUNK, self._chunk_count(file))

    def _chunk_count(self, file: ObjectId) -> int:
        """Return the number behind that of the file's last chunk."""
        last = self._chunks.find_one({"files_id": file}, {"n": 1}, sort=[("n", DESCENDING)])
        return last["n"] + 1 if last else 0


class Writer:
    """Writes a file chunk by chunk; `commit` makes it visible, leaving the block without it removes the chunks."""

    def __init__(self, file: ObjectId, files: Collection[Document], chunks: Collection[Document]) -> None:
        self.id = file
        self.size = 0
        self._files = files
        self._chunks = chunks
        self._rest = b""
        self._count = 0
        self._batch: list[Document] = []
        self._pool = ThreadPoolExecutor(IN_FLIGHT)
        self._in_flight: deque[Future[object]] = deque()
        self._committed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # After a timeout of the store, do not wait for it again: the sweeper removes chunks without a file.
        store_is_there = not isinstance(error, SILENT)
        self._pool.shutdown(wait=store_is_there, cancel_futures=True)
        if not self._committed and store_is_there:
            self._discard()

    def write(self, data: bytes) -> int:
        """Append `data`, ideally a few hundred KiB at a time; raise the error of an earlier batch, if one failed."""
        self.size += len(data)
        joined = self._rest + data if self._rest else data
        whole = len(joined) - len(joined) % CHUNK
        for start in range(0, whole, CHUNK):
            self._add(joined[start : start + CHUNK])
        self._rest = joined[whole:]
        return len(data)

    def commit(self) -> File:
        """Write the last chunk, wait until the journal has all of them, and return the file."""
        if self._rest:
            self._batch.append(self._chunk(self._rest))
        if self._batch:
            self._insert(self._batch)
        self._wait(0)
        file = _insert_file(self._files, self.id, self.size)
        if self._chunks.count_documents({"files_id": self.id}) < self._count:
            raise ConnectionFailure("the new primary lacks chunks that the old one had acknowledged")
        self._committed = True
        return file

    def _discard(self) -> None:
        _remove(self._chunks, self.id, 0, self._count)

    def _add(self, data: bytes) -> None:
        self._batch.append(self._chunk(data))
        if len(self._batch) == BATCH:
            self._wait(IN_FLIGHT - 1)
            self._in_flight.append(self._pool.submit(self._insert, self._batch))
            self._batch = []

    def _chunk(self, data: bytes) -> Document:
        self._count += 1
        return _chunk(self.id, self._count - 1, data)

    def _insert(self, chunks: list[Document]) -> None:
        self._chunks.insert_many(chunks, ordered=False)

    def _wait(self, most: int) -> None:
        while len(self._in_flight) > most:
            self._in_flight.popleft().result()


class Overtaken(Exception):  # noqa: N818  # what happened to the writer, not a failure
    """Another writer has stored the same chunk of the file."""


class Appender(Writer):
    """Continues a file that several writers write, one after the other, in whole chunks and a rest.

    A chunk counts as soon as the caller has noted the size that includes it, and has called `keep`. Leaving the block
    removes the chunks that do not count, but only this writer's own: another one may have taken over meanwhile, which
    then raises Overtaken in one of the two, or in both.
    """

    def __init__(
        self, file: ObjectId, size: int, rest: bytes, files: Collection[Document], chunks: Collection[Document]
    ) -> None:
        super().__init__(file, files, chunks)
        self.size = size
        self._rest = rest
        self._count = size // CHUNK
        self._loose: list[ObjectId] = []

    def settle(self) -> bytes:
        """Wait until all whole chunks are stored; return the rest, which is not."""
        if batch := self._batch:
            self._batch = []
            self._insert(batch)
        self._wait(0)
        return self._rest

    def keep(self) -> None:
        """Let the chunks count that are stored."""
        self._loose.clear()

    def _chunk(self, data: bytes) -> Document:
        chunk = super()._chunk(data)
        self._loose.append(chunk["_id"])
        return chunk

    def _insert(self, chunks: list[Document]) -> None:
        try:
            super()._insert(chunks)
        except BulkWriteError as error:
            if any(each["code"] == DUPLICATE_KEY for each in error.details["writeErrors"]):
                raise Overtaken from None
            raise

    def _discard(self) -> None:
        for start in range(0, len(self._loose), REMOVED):
            self._chunks.delete_many({"_id": {"$in": self._loose[start : start + REMOVED]}})


def _chunk(file: ObjectId, number: int, data: bytes) -> Document:
    return {"_id": ObjectId(), "files_id": file, "n": number, "data": data}


def _insert_file(files: Collection[Document], number: ObjectId, size: int) -> File:
    file = File(number, size, datetime.now(UTC))
    files.insert_one({"_id": file.id, "length": file.size, "chunkSize": CHUNK, "uploadDate": file.stored})
    return file


def _remove(chunks: Collection[Document], file: ObjectId, start: int, end: int) -> None:
    """Remove the chunks of the file from number `start` to before `end`."""
    for number in range(start, end, REMOVED):
        chunks.delete_many({"files_id": file, "n": {"$gte": number, "$lt": number + REMOVED}})
