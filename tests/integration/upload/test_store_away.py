import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from functions.shared.media import CHUNK
from scripts.local.supervision import Supervisor
from tests.integration.upload.store import Store
from tests.support.callers import Caller
from tests.support.problems import assert_problem
from tests.support.sending import Sending
from tests.support.stacks import Server
from tests.support.waiting import eventually

MIB = 1024**2


@contextmanager
def stopped(mongodb: Server) -> Iterator[None]:
    mongodb.stop()
    try:
        yield
    finally:
        mongodb.start()


@pytest.mark.parametrize("kind", ["stopped", "silent"])
def test_store_failing_during_an_upload_is_503(caller: Caller, store: Store, mongodb: Server, kind: str) -> None:
    """A client that continues to send has its answer within 10 s, and there is no job."""
    jobs, _videos, chunks = store.counts()
    length = 500 * MIB
    with Sending(caller, "/upload?name=a.mp4", length) as sending:
        sending.send(bytes(10 * MIB))
        eventually(lambda: store.counts()[2] > chunks, 10, "a chunk")
        with stopped(mongodb) if kind == "stopped" else mongodb.paused():
            began = time.monotonic()
            sending.send(bytes(20 * MIB))
            status, answer = sending.answer()
            assert time.monotonic() - began < 10
    assert status == 503
    assert b"Retry in a few seconds" in answer
    assert store.counts()[0] == jobs
    orphans = {"files_id": {"$nin": store.database["videos.files"].distinct("_id")}}
    store.database["videos.chunks"].delete_many(orphans)


def test_absent_store_is_503(caller: Caller, mongodb: Server) -> None:
    """Within 10 s, with `Retry-After`; uploads succeed again once the store is back."""
    with stopped(mongodb):
        began = time.monotonic()
        answer = caller.call("POST", "/upload?name=a.mp4", data=b"video")
        assert_problem(answer, 503)
        assert int(answer.headers["Retry-After"]) > 0
        assert time.monotonic() - began < 10
    assert caller.call("POST", "/upload?name=a.mp4", data=b"video").status_code == 202


def test_accepted_upload_survives_a_crash_of_the_store(caller: Caller, store: Store, mongodb: Server) -> None:
    """A MongoDB that is killed right after each of five 202 answers has every job and video once it is back."""
    videos = {}
    for _ in range(5):
        video = os.urandom(3 * CHUNK)
        answer = caller.call("POST", "/upload?name=a.mp4", data=video)
        mongodb.crash()
        videos[str(answer.json()["id"])] = video
        eventually(lambda: caller.call("POST", "/upload?name=a.mp4", data=b"video").ok, 20, "the store")
    assert videos.keys() <= {str(job["_id"]) for job in store.jobs(caller.user)}
    assert {job: store.video(job) for job in videos} == videos


@pytest.mark.parametrize("collection", ["videos.chunks", "videos.files", "jobs"])
def test_store_that_cannot_write_is_503_and_the_log_has_no_video(
    caller: Caller, store: Store, supervisor: Supervisor, collection: str
) -> None:
    """A refused write, as with a full disk, is 503; the refused bytes are in no log."""
    jobs = store.counts()[0]
    store.database.command("collMod", collection, validator={"$expr": False})
    try:
        answer = caller.call("POST", "/upload?name=a.mp4", data=b"private" * MIB)
    finally:
        store.database.command("collMod", collection, validator={})
    assert_problem(answer, 503)
    assert store.counts()[0] == jobs
    assert not any(b"privateprivate" in log.read_bytes() for log in supervisor.log.glob("upload-*.log"))
