"""What one user may take up, at limits that are soon reached."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import requests
from bson import ObjectId

from functions.shared.mongo import Document
from scripts.local.secrets import Secrets
from tests.integration.upload.store import Store
from tests.support.callers import Caller, newcomer
from tests.support.problems import assert_problem
from tests.support.sending import FORM, Sending, form
from tests.support.stacks import StartFunction
from tests.support.waiting import eventually

MIB = 1024**2
STORED, OPEN_JOBS, UPLOADS = 2 * MIB, 3, 5
AT_ONCE = 50


@pytest.fixture(scope="session")
def strict(start_function: StartFunction, settings: dict[str, str]) -> str:
    """An upload function whose users have 2 MiB, 3 open jobs and 5 uploads an hour."""
    quotas = {"QUOTA_STORED_MIB": "2", "QUOTA_OPEN_JOBS": str(OPEN_JOBS), "QUOTA_UPLOADS_PER_HOUR": str(UPLOADS)}
    return start_function("upload", settings | quotas | {"THREADS": str(AT_ONCE)})


@pytest.fixture
def anna(strict: str, secrets: Secrets) -> Caller:
    return newcomer(strict, secrets)


def send(caller: Caller, video: bytes = b"video", key: str | None = None) -> requests.Response:
    return caller.call("POST", "/upload?name=a.mp4", data=video, headers={"Idempotency-Key": key} if key else None)


def send_without_length(caller: Caller, video: bytes) -> requests.Response:
    def pieces() -> Iterator[bytes]:
        for start in range(0, len(video), 64 * 1024):
            yield video[start : start + 64 * 1024]

    return caller.call("POST", "/upload?name=a.mp4", data=pieces())


def end_all(store: Store, caller: Caller, **fields: object) -> None:
    """End the caller's jobs, as convert does but for their files."""
    store.database["jobs"].update_many({"owner": caller.user, "state": "uploaded"}, {"$set": fields})


def end_as_done(store: Store, caller: Caller, mp3: int = 0) -> None:
    end_all(store, caller, state="done", mp3={"id": ObjectId(), "size": mp3, "duration": 1.0})


def uploads(store: Store, caller: Caller) -> list[Document]:
    """Return what is remembered of the caller's uploads."""
    found = store.database["quotas"].find_one({"_id": caller.user})
    return list(found["uploads"]) if found else []


def assert_refused(answer: requests.Response, word: str) -> int:
    """Check that the quota that the word belongs to is the reason, and return the seconds until another try."""
    assert_problem(answer, 429)
    assert word in answer.json()["detail"]
    return int(answer.headers["Retry-After"])


def test_one_open_job_too_many_is_refused(anna: Caller, store: Store) -> None:
    """The fourth is 429 and leaves nothing behind; when one has ended, another is taken."""
    for _ in range(OPEN_JOBS):
        assert send(anna).status_code == 202
    before = store.counts()
    assert 0 < assert_refused(send(anna), "unfinished jobs") <= 60
    store.assert_as_before(before)
    end_as_done(store, anna)
    assert send(anna).status_code == 202


@pytest.mark.parametrize("kind", ["raw", "form", "without a length"])
def test_more_than_may_be_stored_is_refused(anna: Caller, store: Store, kind: str) -> None:
    """A video that passes the 2 MiB is 429 and leaves nothing behind; one that just fits is taken."""
    assert send(anna, bytes(MIB + MIB // 2)).status_code == 202
    before = store.counts()
    if kind == "raw":
        answer = send(anna, bytes(MIB // 2 + 1))
    elif kind == "form":
        answer = anna.call("POST", "/upload", data=form(('name="f"; filename="a.mp4"', bytes(MIB))), headers=FORM)
    else:
        answer = send_without_length(anna, bytes(MIB))
    assert 0 < assert_refused(answer, "2 MiB") <= 3600
    store.assert_as_before(before)
    fits = send(anna, bytes(MIB // 2)) if kind == "raw" else send_without_length(anna, bytes(MIB // 2))
    assert fits.status_code == 202


def test_the_announced_length_is_refused_before_a_byte_of_it_comes(anna: Caller) -> None:
    """Whoever announces too much hears of it at once."""
    with Sending(anna, "/upload?name=a.mp4", STORED + 1) as sending:
        status, answer = sending.answer()
    assert status == 429
    assert b"Delete jobs" in answer


def test_stored_are_videos_of_open_jobs_and_mp3s(anna: Caller, store: Store) -> None:
    """A converted video counts as its MP3, one that failed not at all, and one that may be replayed still."""
    assert send(anna, bytes(STORED)).status_code == 202
    assert_refused(send(anna), "2 MiB")
    end_as_done(store, anna, mp3=STORED - 5)
    assert_refused(send(anna, bytes(6)), "2 MiB")
    end_all(store, anna)
    store.database["jobs"].update_many({"owner": anna.user}, {"$set": {"mp3.size": 0}})
    assert send(anna, bytes(STORED)).status_code == 202
    end_all(store, anna, state="failed", reason={"code": "gave_up", "message": "x"})
    assert_refused(send(anna), "2 MiB")
    store.database["jobs"].update_many({"owner": anna.user}, {"$set": {"reason.code": "damaged"}})
    assert send(anna, bytes(STORED)).status_code == 202


def test_one_upload_an_hour_too_many_is_refused(anna: Caller, store: Store) -> None:
    """The sixth is 429 until the first is an hour old, whether the others became jobs or broke off."""
    for _ in range(UPLOADS - 1):
        assert send(anna).status_code == 202
        end_as_done(store, anna)
    assert send(anna, b"").status_code == 400
    first = uploads(store, anna)[0]["_id"]
    wait = assert_refused(send(anna), "per hour")
    assert abs((first.generation_time + timedelta(seconds=3600) - datetime.now(UTC)).total_seconds() - wait) < 5
    assert len(uploads(store, anna)) == UPLOADS
    earlier = ObjectId.from_datetime(first.generation_time - timedelta(hours=1))
    change = {"$set": {"uploads.0._id": ObjectId(earlier.binary[:4] + first.binary[4:])}}
    store.database["quotas"].update_one({"_id": anna.user}, change)
    assert send(anna).status_code == 202
    assert_refused(send(anna), "per hour")


def test_others_are_unaffected(anna: Caller, strict: str, secrets: Secrets) -> None:
    """Who has used up all of theirs takes nothing from anybody else."""
    for _ in range(OPEN_JOBS):
        send(anna)
    assert send(anna).status_code == 429
    assert send(newcomer(strict, secrets)).status_code == 202


def test_of_many_at_once_no_more_than_allowed_are_taken(anna: Caller, store: Store) -> None:
    """Fifty side by side, of somebody whom nobody has seen yet: three jobs, the others 429."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        statuses = sorted(answer.status_code for answer in pool.map(lambda _: send(anna), range(AT_ONCE)))
    assert statuses == [202] * OPEN_JOBS + [429] * (AT_ONCE - OPEN_JOBS)
    assert len(store.jobs(anna.user)) == OPEN_JOBS
    assert len(uploads(store, anna)) == OPEN_JOBS


@pytest.mark.parametrize("length", ["known", "unknown"])
def test_an_upload_under_way_counts(anna: Caller, store: Store, length: str) -> None:
    """What is announced, or all that there is room for, is taken up until the upload has ended, however it does."""
    with Sending(anna, "/upload?name=a.mp4", STORED if length == "known" else None) as sending:
        (sending.send if length == "known" else sending.send_chunk)(b"some")
        eventually(lambda: uploads(store, anna), 5, "the upload")
        assert_refused(send(anna), "2 MiB")
        sending.vanish()
    eventually(lambda: not any("size" in upload for upload in uploads(store, anna)), 15, "the end of the upload")
    assert send(anna, bytes(STORED)).status_code == 202


def test_an_upload_that_has_just_become_a_job_counts_once(anna: Caller, store: Store) -> None:
    """Between the two it is among the uploads under way and among the jobs."""
    assert send(anna, bytes(MIB)).status_code == 202
    store.database["quotas"].update_one({"_id": anna.user}, {"$set": {"uploads.0.size": MIB}})
    assert send(anna, bytes(MIB)).status_code == 202


def test_a_known_key_is_no_new_upload(anna: Caller) -> None:
    """Whoever sends again what was taken gets its answer, however many there were."""
    key = str(uuid4())
    first = send(anna, key=key)
    for _ in range(OPEN_JOBS - 1):
        send(anna)
    assert send(anna).status_code == 429
    for _ in range(UPLOADS):
        assert send(anna, key=key).json() == first.json()


def test_what_a_crash_left_counts_for_an_hour(anna: Caller, store: Store) -> None:
    """An upload whose function was killed takes up its bytes until it could have ended."""
    crashed = ObjectId.from_datetime(datetime.now(UTC) - timedelta(minutes=59))
    left = {"_id": anna.user, "uploads": [{"_id": crashed, "size": STORED}], "last": datetime.now(UTC)}
    store.database["quotas"].insert_one(left)
    assert_refused(send(anna), "2 MiB")
    crashed = ObjectId.from_datetime(datetime.now(UTC) - timedelta(minutes=61))
    store.database["quotas"].update_one({"_id": anna.user}, {"$set": {"uploads.0._id": crashed}})
    assert send(anna).status_code == 202
    (kept,) = uploads(store, anna)
    assert kept["_id"] != crashed


def test_who_uploads_no_more_is_forgotten(store: Store) -> None:
    """MongoDB removes what is remembered of a user's uploads an hour after the last."""
    assert store.database["quotas"].index_information()["last_1"]["expireAfterSeconds"] == 3600


def test_jobs_are_not_read_one_by_one(anna: Caller, store: Store) -> None:
    """What the quotas ask of an owner's jobs an index answers, of that owner's alone."""
    assert send(anna).status_code == 202
    database, profile = store.database, store.database["system.profile"]
    database.command("profile", 2)
    try:
        assert send(anna).status_code == 202
        asked = {"op": "command", "command.aggregate": "jobs", "command.pipeline.0.$match.owner": anna.user}
        found = eventually(lambda: profile.find_one(asked), 5, "what the store did")
    finally:
        database.command("profile", 0)
        profile.drop()
    assert (found["docsExamined"], found["keysExamined"] <= 2) == (0, True)


def test_a_refused_upload_may_be_sent_to_its_end(anna: Caller) -> None:
    """The client that reads its answer only when all is sent gets it, and the next on its connection too."""
    session = requests.Session()
    for _ in range(2):
        answer = session.post(f"{anna.url}/upload?name=a.mp4", bytes(20 * MIB), headers=anna.headers, timeout=30)
        assert_refused(answer, "2 MiB")
