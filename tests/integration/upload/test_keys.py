import os
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import requests
from bson import ObjectId

from functions.shared.media import CHUNK
from scripts.local.secrets import Secrets
from tests.integration.upload.store import Store
from tests.support.callers import Caller, newcomer
from tests.support.sending import Sending

VIDEO = os.urandom(2 * CHUNK)


def send(caller: Caller, key: str, video: bytes = VIDEO) -> requests.Response:
    return caller.call("POST", "/upload?name=clip.mp4", data=video, headers={"Idempotency-Key": key})


def test_repeated_key_gets_the_first_answer(caller: Caller, store: Store) -> None:
    """The second request stores nothing and gets the same 202, whatever the job's state is."""
    key = str(uuid4())
    first = send(caller, key)
    counts = store.counts()
    progressed = {"$set": {"state": "converting", "progress": 0.5}}
    store.database["jobs"].update_one({"_id": ObjectId(first.json()["id"])}, progressed)
    second = send(caller, key, os.urandom(5_000_000))
    assert (first.status_code, second.status_code) == (202, 202)
    assert second.content == first.content
    assert second.headers["Location"] == first.headers["Location"]
    assert store.counts() == counts


def test_repeated_key_is_answered_before_its_body(caller: Caller, store: Store) -> None:
    """Whatever it announces, also if that is beyond every quota: 202 with the first job after the head alone."""
    key = str(uuid4())
    first = send(caller, key)
    for length in (4 * 1024**3, None):
        with Sending(caller, "/upload?name=clip.mp4", length, {"Idempotency-Key": key}) as sending:
            assert sending.answer() == (202, first.content)


def test_fifty_concurrent_equal_keys_create_one_job(caller: Caller, store: Store) -> None:
    """One request wins, all get its answer, and the other videos are deleted."""
    key, (jobs, videos, chunks) = str(uuid4()), store.counts()
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: send(caller, key), range(50)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert store.counts() == (jobs + 1, videos + 1, chunks + 2)
    assert store.video(answers[0].json()["id"]) == VIDEO


def test_key_belongs_to_its_user(caller: Caller, upload: str, secrets: Secrets) -> None:
    """Two users can use the same key."""
    key = str(uuid4())
    mine, yours = send(caller, key), send(newcomer(upload, secrets), key)
    assert mine.json()["id"] != yours.json()["id"]


def test_without_a_key_every_upload_creates_a_job(caller: Caller, store: Store) -> None:
    """The same video uploaded twice is two jobs."""
    for _ in range(2):
        caller.call("POST", "/upload?name=clip.mp4", data=VIDEO)
    assert len(store.jobs(caller.user)) == 2
