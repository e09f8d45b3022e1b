import os
import socket
from urllib.parse import urlsplit

import pytest
import requests
from bson import ObjectId
from werkzeug.http import parse_options_header

from functions.shared.media import CHUNK
from scripts.local.supervision import Supervisor
from tests.support.callers import Caller
from tests.support.problems import assert_problem, without_ids
from tests.support.processes import memory, peak_memory, worker
from tests.support.shelf import Shelf
from tests.support.stacks import Server
from tests.support.waiting import eventually

SIZE = 3 * CHUNK + 1000
MP3 = os.urandom(SIZE)
MIB = 1024**2

SATISFIABLE = {
    "bytes=0-0": (0, 1),
    "bytes=0-": (0, SIZE),
    "bytes=1-1000": (1, 1001),
    f"bytes=0-{CHUNK - 1}": (0, CHUNK),
    f"bytes=0-{CHUNK}": (0, CHUNK + 1),
    f"bytes={CHUNK - 1}-{CHUNK}": (CHUNK - 1, CHUNK + 1),
    f"bytes={CHUNK}-{2 * CHUNK - 1}": (CHUNK, 2 * CHUNK),
    f"bytes={CHUNK + 5}-": (CHUNK + 5, SIZE),
    f"bytes={SIZE - 1}-": (SIZE - 1, SIZE),
    f"bytes={SIZE - 1}-{SIZE + 1000}": (SIZE - 1, SIZE),
    "bytes=-1": (SIZE - 1, SIZE),
    f"bytes=-{CHUNK + 1}": (SIZE - CHUNK - 1, SIZE),
    f"bytes=-{SIZE + 1000}": (0, SIZE),
    "Bytes=0-9": (0, 10),
}
IGNORED = ["bytes=0-1,5-6", "bytes=5-1", "bytes=a-b", "bytes", "bytes=", "bytes=-", "bytes=-0", "items=0-5", "0-5"]
UNSATISFIABLE = [f"bytes={SIZE}-", f"bytes={SIZE}-{SIZE + 5}", f"bytes={10**30}-"]

NAMES = {
    "clip.mp4": "clip.mp3",
    "holiday.2024.mov": "holiday.2024.mp3",
    "no extension": "no extension.mp3",
    ".hidden": ".hidden.mp3",
    "..": "...mp3",
    "Gespräch ½ 3.mov": "Gespräch ½ 3.mp3",
    'say "cheese".mp4': 'say "cheese".mp3',
    "50 % off; really=1.avi": "50 % off; really=1.mp3",
    "映画🎬.webm": "映画🎬.mp3",
    "it's.mp4": "it's.mp3",
}


def test_mp3_is_downloaded(caller: Caller, shelf: Shelf) -> None:
    """The MP3's bytes, with a name, a validator and caching in private caches only."""
    job = shelf.done(caller.user, MP3)
    assert job.mp3
    answer = caller.call("GET", f"/download/{job.mp3.id}")
    assert answer.status_code == 200
    assert answer.content == MP3
    expected = {
        "Content-Type": "audio/mpeg",
        "Content-Length": str(SIZE),
        "Content-Disposition": "attachment; filename=clip.mp3",
        "ETag": f'"{job.mp3.id}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": "private",
        "X-Content-Type-Options": "nosniff",
    }
    assert expected.items() <= dict(answer.headers).items()


def test_head_has_the_headers_of_get(caller: Caller, shelf: Shelf) -> None:
    """Those of the whole file, and no body."""
    path = _path(shelf, caller)
    head, get = caller.call("HEAD", path, headers={"Range": "bytes=0-1"}), caller.call("GET", path)
    assert head.status_code == 200
    assert head.content == b""
    assert {k: v for k, v in head.headers.items() if k != "Date"} == {
        k: v for k, v in get.headers.items() if k != "Date"
    }


@pytest.mark.parametrize(("asked", "part"), SATISFIABLE.items())
def test_satisfiable_range_is_206(caller: Caller, shelf: Shelf, asked: str, part: tuple[int, int]) -> None:
    """Only the range's bytes, with their `Content-Range`."""
    start, end = part
    answer = caller.call("GET", _path(shelf, caller), headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.content == MP3[start:end]
    assert answer.headers["Content-Length"] == str(end - start)
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{SIZE}"


@pytest.mark.parametrize("asked", IGNORED)
def test_unsupported_range_is_ignored(caller: Caller, shelf: Shelf, asked: str) -> None:
    """Several ranges, another unit or a malformed range: the whole file."""
    answer = caller.call("GET", _path(shelf, caller), headers={"Range": asked})
    assert answer.status_code == 200
    assert answer.content == MP3


@pytest.mark.parametrize("asked", UNSATISFIABLE)
def test_range_beyond_the_end_is_416(caller: Caller, shelf: Shelf, asked: str) -> None:
    """With the size of the MP3."""
    answer = caller.call("GET", _path(shelf, caller), headers={"Range": asked})
    assert_problem(answer, 416)
    assert answer.headers["Content-Range"] == f"bytes */{SIZE}"


def test_if_range_must_match_the_etag(caller: Caller, shelf: Shelf) -> None:
    """With another tag, a weak tag or a date the range is ignored: the client's part may be of another file."""
    path = _path(shelf, caller)
    tag = caller.call("HEAD", path).headers["ETag"]
    for if_range, status in ((tag, 206), ('"other"', 200), (f"W/{tag}", 200), ("Sat, 29 Oct 2044 19:43:31 GMT", 200)):
        answer = caller.call("GET", path, headers={"Range": "bytes=0-9", "If-Range": if_range})
        assert answer.status_code == status
        assert answer.content == (MP3[:10] if status == 206 else MP3)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_if_none_match_is_304(caller: Caller, shelf: Shelf, method: str) -> None:
    """For the tag, its weak form, a list with it, or `*`; a range does not matter then."""
    path = _path(shelf, caller)
    tag = caller.call("HEAD", path).headers["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = caller.call(method, path, headers={"If-None-Match": known, "Range": "bytes=0-1"})
        assert answer.status_code == 304
        assert answer.content == b""
        assert answer.headers["ETag"] == tag
    assert caller.call(method, path, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize(("video", "mp3"), NAMES.items())
def test_mp3_is_named_after_its_video(caller: Caller, shelf: Shelf, video: str, mp3: str) -> None:
    """Whatever characters the video's name has."""
    job = shelf.done(caller.user, name=video)
    assert job.mp3
    header = caller.call("HEAD", f"/download/{job.mp3.id}").headers["Content-Disposition"]
    kind, options = parse_options_header(header)
    assert (kind, options["filename"]) == ("attachment", mp3)
    assert header.isascii()


def test_mp3_of_another_user_is_not_found(caller: Caller, stranger: Caller, shelf: Shelf) -> None:
    """Another user's MP3, a missing MP3, a job's id and a malformed id get the same 404."""
    job = shelf.done(caller.user, MP3)
    assert job.mp3
    paths = [f"/download/{name}" for name in (job.mp3.id, ObjectId(), job.id, "nonsense", "a" * 25, "%00", "ä")]
    answers = [stranger.call("GET", path, headers={"Range": f"bytes={SIZE}-"}) for path in paths]
    for answer in answers:
        assert_problem(answer, 404)
        assert without_ids(answer) == without_ids(answers[0])
    assert stranger.call("HEAD", paths[0]).status_code == 404


def test_mp3_without_chunks_is_404(caller: Caller, shelf: Shelf) -> None:
    """An MP3 that is deleted during the request is not a server error."""
    job = shelf.done(caller.user, MP3)
    assert job.mp3
    shelf.database["mp3s.chunks"].delete_many({"files_id": job.mp3.id})
    assert_problem(caller.call("GET", f"/download/{job.mp3.id}"), 404)


def test_download_with_a_missing_chunk_ends_early(caller: Caller, shelf: Shelf) -> None:
    """The body ends before its `Content-Length`, so no client mistakes it for complete."""
    job = shelf.done(caller.user, MP3)
    assert job.mp3
    shelf.database["mp3s.chunks"].delete_one({"files_id": job.mp3.id, "n": 2})
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        caller.call("GET", f"/download/{job.mp3.id}")


def test_memory_does_not_grow_with_the_mp3(
    caller: Caller, shelf: Shelf, supervisor: Supervisor, mongodb: Server
) -> None:
    """A slow client and a client that is gone cost less than 64 MiB, and leave no cursor open in the store."""
    job = shelf.done(caller.user, bytes(200 * MIB))
    assert job.mp3
    process = worker(supervisor, caller.url)
    idle = memory(process)
    with requests.get(f"{caller.url}/download/{job.mp3.id}", headers=caller.headers, stream=True, timeout=60) as answer:
        for _ in answer.iter_content(MIB):
            assert peak_memory(process) - idle < 64 * MIB
    cursors = _open_cursors(shelf)
    parts = urlsplit(caller.url)
    with socket.create_connection((parts.hostname or "", parts.port or 80)) as gone:
        head = f"GET /download/{job.mp3.id} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {caller.token}\r\n\r\n"
        gone.sendall(head.encode())
        eventually(lambda: _open_cursors(shelf) > cursors, 5, "the cursor of the download")
    eventually(lambda: _open_cursors(shelf) == cursors, 5, "the cursor to be closed")
    assert peak_memory(process) - idle < 64 * MIB


def _open_cursors(shelf: Shelf) -> int:
    return int(shelf.database.command("serverStatus")["metrics"]["cursor"]["open"]["total"])


def _path(shelf: Shelf, caller: Caller) -> str:
    job = shelf.done(caller.user, MP3)
    assert job.mp3
    return f"/download/{job.mp3.id}"
