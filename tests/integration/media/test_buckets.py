import os
from collections.abc import Iterator

import pytest
from bson import ObjectId
from gridfs import GridFSBucket
from pymongo.database import Database
from pymongo.errors import BulkWriteError

from functions.shared import mongo
from functions.shared.media import BATCH, CHUNK, SPAN, Bucket, File
from functions.shared.mongo import Document
from tests.support.stacks import Server

SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, BATCH * CHUNK - 1, BATCH * CHUNK, BATCH * CHUNK + 1, 5 * BATCH * CHUNK + 7]
PIECES = [1000, CHUNK, CHUNK + 1, 1024 * 1024]


@pytest.fixture(scope="session")
def database(mongodb: Server) -> Database[Document]:
    return mongo.database(mongodb.url)


@pytest.fixture
def bucket(database: Database[Document]) -> Iterator[Bucket]:
    """A new bucket with the indexes of the set-up."""
    database["test.chunks"].create_index([("files_id", 1), ("n", 1)], unique=True)
    yield Bucket(database, "test")
    database["test.files"].drop()
    database["test.chunks"].drop()


def store(bucket: Bucket, content: bytes, piece: int = CHUNK) -> File:
    with bucket.writer() as writer:
        for start in range(0, len(content), piece):
            writer.write(content[start : start + piece])
        return writer.commit()


@pytest.mark.parametrize("size", SIZES)
def test_written_file_is_standard_gridfs(bucket: Bucket, database: Database[Document], size: int) -> None:
    """pymongo's own GridFS reads files of any size, in as many chunks as the format says."""
    content = os.urandom(size)
    file = store(bucket, content)
    assert file.size == size
    assert bucket.find(file.id) is not None
    assert GridFSBucket(database, "test").open_download_stream(file.id).read() == content
    assert database["test.chunks"].count_documents({}) == -(-size // CHUNK)
    assert b"".join(bucket.read(file)) == content


@pytest.mark.parametrize("piece", PIECES)
def test_write_sizes_do_not_matter(bucket: Bucket, piece: int) -> None:
    """The sizes of the writes do not change the file."""
    content = os.urandom(3 * CHUNK + 5)
    assert b"".join(bucket.read(store(bucket, content, piece))) == content


@pytest.mark.parametrize("start", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 4])
@pytest.mark.parametrize("length", [1, CHUNK, 2 * CHUNK, 4 * CHUNK])
def test_range_is_read_without_other_chunks(bucket: Bucket, start: int, length: int) -> None:
    """Any range is read exactly, and needs no chunk outside of it."""
    content = os.urandom(3 * CHUNK + 5)
    file = store(bucket, content)
    end = min(start + length, file.size)
    outside = {"$or": [{"n": {"$lt": start // CHUNK}}, {"n": {"$gt": (end - 1) // CHUNK}}]}
    bucket._chunks.delete_many(outside)
    assert b"".join(bucket.read(file, start, end)) == content[start:end]


@pytest.mark.parametrize("number", [0, 1, 3])
def test_missing_chunk_raises_an_error(bucket: Bucket, number: int) -> None:
    """A file that lacks a chunk, even the last, raises an error."""
    file = store(bucket, os.urandom(3 * CHUNK + 5))
    bucket._chunks.delete_one({"files_id": file.id, "n": number})
    with pytest.raises(EOFError):
        list(bucket.read(file))


def test_uncommitted_file_is_removed(bucket: Bucket, database: Database[Document]) -> None:
    """A block without commit, ended normally or by an exception, leaves neither file nor chunk."""

    def leave(error: Exception | None) -> None:
        with bucket.writer() as writer:
            writer.write(bytes(40 * CHUNK))
            if error:
                raise error

    leave(None)
    with pytest.raises(RuntimeError):
        leave(RuntimeError())
    assert database["test.files"].count_documents({}) == database["test.chunks"].count_documents({}) == 0


def test_failed_batch_fails_the_file(bucket: Bucket, database: Database[Document]) -> None:
    """A chunk that the store rejects raises an error by commit at the latest, and no file exists."""

    def store_over_a_chunk() -> None:
        with bucket.writer() as writer:
            database["test.chunks"].insert_one({"files_id": writer.id, "n": 0, "data": b""})
            writer.write(bytes(2 * CHUNK))
            writer.commit()

    with pytest.raises(BulkWriteError):
        store_over_a_chunk()
    assert database["test.files"].count_documents({}) == database["test.chunks"].count_documents({}) == 0


def test_deleted_file_has_no_chunks(bucket: Bucket, database: Database[Document]) -> None:
    """Delete removes the file and its chunks, complete or not, and no other file."""
    kept, gone = store(bucket, b"kept"), store(bucket, b"gone")
    for file in (gone.id, gone.id, ObjectId()):
        bucket.delete(file)
    assert bucket.find(gone.id) is None
    assert b"".join(bucket.read(kept)) == b"kept"
    assert database["test.chunks"].count_documents({}) == 1


@pytest.mark.parametrize(("start", "end"), [(0, None), (SPAN - 1, SPAN + 1), (SPAN, None), (7, 2 * SPAN)])
def test_long_read_uses_several_cursors(bucket: Bucket, start: int, end: int | None) -> None:
    """No byte is lost or repeated between two cursors."""
    content = os.urandom(2 * SPAN + 5)
    assert b"".join(bucket.read(store(bucket, content), start, end)) == content[start:end]
