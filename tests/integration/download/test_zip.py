"""Many MP3s as one ZIP archive, streamed."""

import io
import os
import zipfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
from bson import ObjectId

from functions.download.archive import Archive
from functions.download.library import Track
from functions.shared.job.document import Job
from functions.shared.media import File
from scripts.local.supervision import Supervisor
from tests.support.callers import Caller
from tests.support.problems import assert_problem
from tests.support.processes import memory, peak_memory, worker
from tests.support.shelf import Shelf
from tests.support.stacks import Server
from tests.support.waiting import eventually

MIB = 1024**2
NAMES = ["film.mp4", "Film.mov", "büßer — 音楽 🎵.mkv", "no extension"]


def ask(caller: Caller, *jobs: object, method: str = "GET", **options: Any) -> requests.Response:
    params = [("job", str(job)) for job in jobs]
    return caller.call(method, "/download.zip", params=params, **options)


def unzipped(answer: requests.Response) -> dict[str, bytes]:
    """Return the files of the archive by their names; all checksums are right."""
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def shelved(caller: Caller, shelf: Shelf) -> list[tuple[Job, bytes]]:
    mp3s = [os.urandom(300_000 + number) for number in range(len(NAMES))]
    return [(shelf.done(caller.user, mp3, name=name), mp3) for name, mp3 in zip(NAMES, mp3s, strict=True)]


def test_named_jobs_become_an_archive(caller: Caller, shelf: Shelf) -> None:
    """In the order of the request, each once, under the names of their downloads; its size is known in advance."""
    (one, first), (two, second), (three, third), _ = shelved(caller, shelf)
    answer = ask(caller, three.id, one.id, two.id, one.id)
    files = unzipped(answer)
    assert list(files.items()) == [("büßer — 音楽 🎵.mp3", third), ("film.mp3", first), ("Film (2).mp3", second)]
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"] == "attachment; filename=video2mp3.zip"
    assert answer.headers["Cache-Control"] == "private"


def test_without_names_it_has_all_of_the_callers_mp3s(caller: Caller, stranger: Caller, shelf: Shelf) -> None:
    """The newest first; jobs without an MP3 and other users' are left out."""
    mp3s = [mp3 for _, mp3 in shelved(caller, shelf)]
    shelf.uploaded(caller.user)
    shelf.done(stranger.user)
    assert list(unzipped(ask(caller)).values()) == mp3s[::-1]


def test_head_has_the_size(caller: Caller, shelf: Shelf) -> None:
    shelved(caller, shelf)
    head, answer = ask(caller, method="HEAD"), ask(caller)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(answer.content))


def test_range_is_ignored(caller: Caller, shelf: Shelf) -> None:
    """The checksums of what is left out would have to be read, so the archive always comes whole."""
    shelved(caller, shelf)
    answer = ask(caller, headers={"Range": "bytes=10-19"})
    assert len(unzipped(answer)) == len(NAMES)
    assert answer.headers["Accept-Ranges"] == "none"


def test_job_that_is_not_the_callers_is_named(caller: Caller, stranger: Caller, shelf: Shelf) -> None:
    """Another user's job, a missing one and a malformed id: nothing is sent, and the 404 says which it was."""
    mine, others = shelf.done(caller.user), shelf.done(stranger.user)
    for named in (others.id, ObjectId(), "nonsense"):
        answer = ask(caller, mine.id, named)
        assert_problem(answer, 404)
        assert answer.json()["detail"] == f"Job {named} not found. List your jobs with GET /jobs."
    assert ask(caller, mine.id, "x" * 5000).status_code == 404


def test_job_without_an_mp3_is_named(caller: Caller, shelf: Shelf) -> None:
    waiting = shelf.uploaded(caller.user)
    answer = ask(caller, shelf.done(caller.user).id, waiting.id)
    assert_problem(answer, 409)
    assert str(waiting.id) in answer.json()["detail"]


def test_user_without_mp3s_gets_404(caller: Caller) -> None:
    assert_problem(ask(caller), 404)


def test_thousand_mp3s_are_the_most(caller: Caller, shelf: Shelf) -> None:
    """One more is 422: the caller names some of them."""
    document = shelf.database["jobs"].find_one({"_id": shelf.done(caller.user).id})
    assert document
    copies = [document | {"_id": ObjectId(), "name": "same.mp4"} for _ in range(999)]
    shelf.database["jobs"].insert_many(copies)
    assert len(unzipped(ask(caller))) == 1000
    shelf.database["jobs"].insert_one(document | {"_id": ObjectId()})
    assert_problem(ask(caller), 422)


def test_archive_counts_as_one_download(caller: Caller, shelf: Shelf) -> None:
    """However many MP3s it has: with four archives under way the fifth is 429."""
    for _ in range(2):
        shelf.done(caller.user, os.urandom(16 * MIB))
    with ExitStack() as streams:
        for _ in range(4):
            assert streams.enter_context(ask(caller, stream=True)).status_code == 200
        assert_problem(ask(caller), 429)
        assert ask(caller, method="HEAD").status_code == 200
    eventually(lambda: ask(caller).status_code == 200)


def test_job_deleted_on_the_way_aborts_the_connection(caller: Caller, shelf: Shelf) -> None:
    """No client mistakes what has arrived for an archive."""
    second, _first = (shelf.done(caller.user, os.urandom(16 * MIB)) for _ in range(2))
    with ask(caller, stream=True) as answer:
        assert answer.raw.read(10)
        assert caller.call("DELETE", f"/jobs/{second.id}").status_code == 204
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            _ = answer.content


def test_memory_does_not_grow_with_the_archive(
    caller: Caller, shelf: Shelf, supervisor: Supervisor, mongodb: Server
) -> None:
    """200 MiB of MP3s take less than 64 MiB."""
    for _ in range(2):
        shelf.done(caller.user, bytes(100 * MIB))
    process = worker(supervisor, caller.url)
    idle = memory(process)
    with ask(caller, stream=True) as answer:
        for _ in answer.iter_content(MIB):
            assert peak_memory(process) - idle < 64 * MIB


class Zeros:
    """A store of MP3s of zeros, which takes no memory."""

    def read(self, track: Track, start: int, end: int) -> Any:  # noqa: ARG002  # all MP3s are alike
        block = memoryview(bytes(MIB))
        for begin in range(start, end, MIB):
            yield block[: min(MIB, end - begin)]


def test_archive_may_exceed_4_gib(tmp_path: Path) -> None:
    """Its size is right, and Python finds the last file beyond that border. The file on disk is sparse."""
    sizes = [1_150_000_000] * 4 + [1000]
    tracks = [Track(File(ObjectId(), size, ObjectId().generation_time), "a.mp4") for size in sizes]
    archive, path = Archive(tracks, Zeros()), tmp_path / "a.zip"
    with path.open("wb") as file:
        for block in archive.read():
            if isinstance(block, memoryview):
                file.seek(len(block), os.SEEK_CUR)
            else:
                file.write(block)
    assert archive.size == path.stat().st_size > 4 * 1024**3
    assert path.stat().st_blocks * 512 < MIB
    with zipfile.ZipFile(path) as read:
        assert [info.file_size for info in read.infolist()] == sizes
        assert read.read("a (5).mp3") == bytes(1000)
