"""Resumable uploads that are cut, whose writer dies or is overtaken, or whose store crashes."""

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from bson import ObjectId
from psutil import Process

from functions.shared.media import CHUNK
from functions.shared.uploads import HOLD
from functions.upload.resumable import ADVANCE_SECONDS
from scripts.local.secrets import Secrets
from scripts.local.supervision import Supervisor
from tests.integration.upload.store import Store
from tests.support.callers import Caller, newcomer
from tests.support.problems import assert_problem
from tests.support.processes import worker
from tests.support.stacks import Server, StartFunction
from tests.support.tus import Tus, begin
from tests.support.waiting import eventually

VIDEO = os.urandom(16 * 1024**2)
MIB = 1024**2


@pytest.fixture
def own(start_function: StartFunction, settings: dict[str, str], secrets: Secrets) -> Caller:
    """A caller of a separate upload function, which the test may stop."""
    return newcomer(start_function("upload", settings), secrets)


@pytest.fixture
def another(start_function: StartFunction, settings: dict[str, str]) -> str:
    """The address of one more upload function."""
    return start_function("upload", settings)


def stored(store: Store, upload: Tus) -> int:
    """Return how many chunks of the upload are stored."""
    return store.database["videos.chunks"].count_documents({"files_id": ObjectId(upload.id)})


def end(upload: Tus, store: Store, video: bytes = VIDEO) -> None:
    """Send the rest from the offset that the server says, and check what is stored in the end."""
    offset = eventually(lambda: free_offset(upload), 30, "the offset") - 1
    answer = upload.patch(offset, video[offset:])
    assert answer.status_code == 204, answer.text
    assert store.video(upload.id) == video


def free_offset(upload: Tus) -> int | None:
    """Return one more than the offset, as soon as nobody else writes."""
    answer = upload.head()
    if answer.status_code != 200:
        return None
    offset = int(answer.headers["Upload-Offset"])
    return offset + 1 if upload.patch(offset, b"").status_code == 204 else None


@pytest.mark.parametrize("cut", [1, CHUNK - 1, 5 * CHUNK, 8 * MIB + 12345])
@pytest.mark.parametrize("how", ["stop", "vanish"])
def test_what_arrived_before_a_cut_is_kept(caller: Caller, store: Store, cut: int, how: str) -> None:
    """All of it if the client ends the connection; and the next request continues at once, without waiting."""
    upload = begin(caller, len(VIDEO))
    with upload.patching(0, len(VIDEO)) as sending:
        sending.send(VIDEO[:cut])
        if how == "stop":
            sending.stop()
            status, answer = sending.answer()
            assert (status, b"body is incomplete" in answer) == (400, True)
            assert upload.offset() == cut
        else:
            sending.vanish()
    began = time.monotonic()
    end(upload, store)
    assert time.monotonic() - began < HOLD.total_seconds() / 2


def test_second_writer_is_423_while_the_first_one_sends(caller: Caller, store: Store) -> None:
    """For longer than a hold lasts, as its client sends; the first writer is not disturbed."""
    upload, began, sent = begin(caller, len(VIDEO)), time.monotonic(), 0
    with upload.patching(0, len(VIDEO)) as sending:
        while time.monotonic() - began < HOLD.total_seconds() * 1.5:
            sending.send(VIDEO[sent : sent + 1000])
            sent += 1000
            time.sleep(0.2)
            second = upload.patch(0, VIDEO)
            assert_problem(second, 423)
            assert int(second.headers["Retry-After"]) > 0
        sending.send(VIDEO[sent:])
        assert sending.answer()[0] == 204
    assert store.video(upload.id) == VIDEO


def test_silent_writer_is_taken_over(caller: Caller, store: Store) -> None:
    """A client that has lost its network continues on another connection; the first one changes nothing any more."""
    upload = begin(caller, len(VIDEO))
    with upload.patching(0, len(VIDEO)) as sending:
        sending.send(VIDEO[: 9 * MIB])
        eventually(lambda: stored(store, upload) > 20, 10, "chunks")
        assert_problem(upload.patch(0, VIDEO), 423)
        answer = eventually(lambda: _taken_over(upload), 2 * HOLD.total_seconds(), "the end of the hold")
        sending.send(bytes(7 * MIB))
        assert sending.answer()[0] in {404, 409, 423}
    assert answer == len(VIDEO)
    assert store.video(upload.id) == VIDEO


def _taken_over(upload: Tus) -> int | None:
    offset = upload.offset()
    answer = upload.patch(offset, VIDEO[offset:])
    return int(answer.headers["Upload-Offset"]) if answer.status_code == 204 else None


@pytest.mark.parametrize("size", [1000, 4 * MIB])
def test_writer_that_wakes_up_late_changes_nothing(
    own: Caller, another: str, store: Store, supervisor: Supervisor, size: int
) -> None:
    """A function is stopped while it writes, another one takes over with other bytes, and the first one goes on.

    Whether the other bytes are whole chunks, which the first one finds, or fewer.
    """
    upload = begin(own, len(VIDEO))
    with upload.patching(0, len(VIDEO)) as sending:
        sending.send(VIDEO[: 5 * MIB])
        eventually(lambda: stored(store, upload) >= 16, 10, "chunks")
        with stopped(worker(supervisor, own.url)):
            sending.send(VIDEO[5 * MIB : 6 * MIB])
            there = Tus(Caller(another, own.user, own.token, own.session), upload.path)
            offset = eventually(lambda: free_offset(there), 2 * HOLD.total_seconds(), "the end of the hold") - 1
            other = VIDEO[:offset] + os.urandom(size)
            assert there.patch(offset, other[offset:]).status_code == 204
        sending.send(VIDEO[6 * MIB :])
        assert sending.answer()[0] in {409, 423, 503}  # 503 if it was stopped in the middle of a command
    end(there, store, other + VIDEO[len(other) :])


@contextmanager
def stopped(process: Process) -> Iterator[None]:
    process.suspend()
    try:
        yield
    finally:
        process.resume()


def test_upload_survives_the_kill_of_its_function(own: Caller, store: Store, supervisor: Supervisor) -> None:
    """What the offset says is there, and the rest is sent to the next worker."""
    upload = begin(own, len(VIDEO))
    with upload.patching(0, len(VIDEO)) as sending:
        sending.send(VIDEO[: 10 * MIB])
        time.sleep(ADVANCE_SECONDS)
        sending.send(VIDEO[10 * MIB : 12 * MIB])
        eventually(lambda: stored(store, upload) > 40, 10, "chunks")
        worker(supervisor, own.url).kill()
    eventually(lambda: _answers(upload), 20, "another worker")
    assert upload.offset() > 0
    end(upload, store)


def test_chunks_behind_the_offset_do_not_count(own: Caller, store: Store, supervisor: Supervisor) -> None:
    """A function that is killed before it has noted an offset leaves chunks, and the next bytes take their place."""
    upload = begin(own, len(VIDEO))
    with upload.patching(0, len(VIDEO)) as sending:
        sending.send(os.urandom(6 * MIB))
        eventually(lambda: stored(store, upload) >= 16, 10, "chunks")
        worker(supervisor, own.url).kill()
    eventually(lambda: _answers(upload), 20, "another worker")
    assert (upload.offset(), stored(store, upload) >= 16) == (0, True)
    end(upload, store)


def _answers(upload: Tus) -> bool:
    try:
        return upload.head().status_code == 200
    except OSError:
        return False


def test_upload_ends_gracefully(own: Caller, store: Store, supervisor: Supervisor) -> None:
    """A function that is to stop, as at the end of a rollout, completes the request."""
    upload = begin(own, len(VIDEO))
    with upload.patching(0, len(VIDEO)) as sending:
        sending.send(VIDEO[: 10 * MIB])
        eventually(lambda: stored(store, upload) > 16, 10, "chunks")
        worker(supervisor, own.url).send_signal(signal.SIGTERM)
        sending.send(VIDEO[10 * MIB :])
        assert sending.answer()[0] == 204
    assert store.video(upload.id) == VIDEO


@pytest.mark.parametrize("seed", range(5))
def test_offset_survives_a_crash_of_the_store(caller: Caller, store: Store, mongodb: Server, seed: int) -> None:
    """An offset that HEAD has shown is there after MongoDB is killed at that moment."""
    upload, cut = begin(caller, len(VIDEO)), random.Random(seed).randrange(len(VIDEO))
    with upload.patching(0, len(VIDEO)) as sending:
        sending.send(VIDEO[:cut])
        sending.stop()
        shown = upload.offset()
        mongodb.crash()
    assert eventually(lambda: _shown(upload), 20, "the store") - 1 >= shown
    end(upload, store)


def _shown(upload: Tus) -> int | None:
    answer = upload.head()
    return int(answer.headers["Upload-Offset"]) + 1 if answer.status_code == 200 else None


def test_store_that_goes_away_is_503_and_the_upload_goes_on(caller: Caller, store: Store, mongodb: Server) -> None:
    """While a body arrives; within 10 s."""
    upload = begin(caller, len(VIDEO))
    with upload.patching(0, len(VIDEO)) as sending:
        sending.send(VIDEO[: 5 * MIB])
        eventually(lambda: stored(store, upload) > 8, 10, "chunks")
        mongodb.stop()
        try:
            began = time.monotonic()
            sending.send(VIDEO[5 * MIB :])
            assert sending.answer()[0] == 503
            assert time.monotonic() - began < 10
        finally:
            mongodb.start()
    end(upload, store)


@pytest.mark.parametrize("collection", ["videos.files", "jobs"])
def test_completion_is_made_up_for(caller: Caller, store: Store, collection: str) -> None:
    """A whole upload whose completion fails half-way is completed by the next request, HEAD or an empty PATCH."""
    for finish in (Tus.head, lambda upload: upload.patch(len(VIDEO), b"")):
        upload = begin(caller, len(VIDEO))
        store.database.command("collMod", collection, validator={"$expr": False})
        try:
            assert_problem(upload.patch(0, VIDEO), 503)
        finally:
            store.database.command("collMod", collection, validator={})
        answer = finish(upload)
        assert answer.headers["Content-Location"] == f"/jobs/{upload.id}"
        assert store.video(upload.id) == VIDEO


def test_completion_that_was_not_noted_makes_no_second_job(caller: Caller, store: Store) -> None:
    """The function was killed after it had created the job: the next request finds it."""
    upload = begin(caller, len(VIDEO))
    assert upload.patch(0, VIDEO).status_code == 204
    rest = VIDEO[len(VIDEO) - len(VIDEO) % CHUNK :]
    store.database["uploads"].update_one({"_id": ObjectId(upload.id)}, {"$unset": {"job": ""}, "$set": {"rest": rest}})
    assert upload.head().headers["Content-Location"] == f"/jobs/{upload.id}"
    assert len(store.jobs(caller.user)) == 1
    assert store.video(upload.id) == VIDEO


def test_chunks_that_a_new_primary_lacks_are_sent_again(caller: Caller, store: Store) -> None:
    """The offset goes back to the first one that is missing."""
    upload = begin(caller, len(VIDEO))
    upload.patch(0, VIDEO[: 10 * MIB])
    store.database["videos.chunks"].delete_one({"files_id": ObjectId(upload.id), "n": 7})
    assert_problem(upload.patch(10 * MIB, VIDEO[10 * MIB :]), 503)
    assert upload.offset() == 7 * CHUNK
    end(upload, store)


def test_upload_that_is_deleted_while_it_is_written_leaves_nothing(caller: Caller, store: Store) -> None:
    """The writer gets 404 as soon as it notes its next offset."""
    before = store.counts()
    upload = begin(caller, len(VIDEO))
    with upload.patching(0, len(VIDEO)) as sending:
        sending.send(VIDEO[: 10 * MIB])
        eventually(lambda: stored(store, upload) > 16, 10, "chunks")
        assert upload.delete().status_code == 204
        sending.send(VIDEO[10 * MIB :])
        assert sending.answer()[0] == 404
    store.assert_as_before(before)
    assert store.jobs(caller.user) == []
