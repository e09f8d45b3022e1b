"""Quotas of a user, with low limits."""

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
from tests.support.stacks import Server, StartFunction
from tests.support.waiting import eventually

MIB = 1024**2
STORED, OPEN_JOBS, UPLOADS = 2 * MIB, 3, 5
AT_ONCE = 50


@pytest.fixture(scope="session")
def strict(start_function: StartFunction, settings: dict[str, str]) -> str:
    """An upload function with quotas of 2 MiB, 3 open jobs and 5 uploads per hour."""
    quotas = {"QUOTA_STORED_MIB": "2", "QUOTA_OPEN_JOBS": str(OPEN_JOBS), "QUOTA_UPLOADS_PER_HOUR": str(UPLOADS)}
    return start_function("upload", settings | quotas | {"THREADS": str(AT_ONCE)})


@pytest.fixture
def roomy(start_function: StartFunction, settings: dict[str, str], secrets: Secrets) -> Caller:
    return newcomer(start_function("upload", settings | {"QUOTA_STORED_MIB": "100"}), secrets)


@pytest.fixture
def full(start_function: StartFunction, settings: dict[str, str], secrets: Secrets) -> Caller:
    """A user of a function that leaves more free space than the disk has."""
    return newcomer(start_function("upload", settings | {"STORE_FREE_MIB": str(10**9)}), secrets)


@pytest.fixture
def anna(strict: str, secrets: Secrets) -> Caller:
    return newcomer(strict, secrets)


def send(caller: Caller, video: bytes = b"video", key: str | None = None) -> requests.Response:
    return caller.call("POST", "/upload?name=a.mp4", data=video, headers={"Idempotency-Key": key} if key else None)


def test_usage_is_what_counts_for_the_storage_quota(anna: Caller) -> None:
    """0 at first, then the stored videos; the quota stands beside it."""
    assert anna.call("GET", "/usage").json() == {"stored": 0, "quota": STORED}
    assert send(anna, bytes(MIB)).status_code == 202
    assert anna.call("GET", "/usage").json() == {"stored": MIB, "quota": STORED}


def send_without_length(caller: Caller, video: bytes) -> requests.Response:
    def pieces() -> Iterator[bytes]:
        for start in range(0, len(video), 64 * 1024):
            yield video[start : start + 64 * 1024]

    return caller.call("POST", "/upload?name=a.mp4", data=pieces())


def end_all(store: Store, caller: Caller, **fields: object) -> None:
    """End the caller's jobs as convert does, but keep their files."""
    store.database["jobs"].update_many({"owner": caller.user, "state": "uploaded"}, {"$set": fields})


def end_as_done(store: Store, caller: Caller, mp3: int = 0) -> None:
    end_all(store, caller, state="done", mp3={"id": ObjectId(), "size": mp3, "duration": 1.0})


def uploads(store: Store, caller: Caller) -> list[Document]:
    """Return the stored uploads of the caller's last hour."""
    found = store.database["quotas"].find_one({"_id": caller.user})
    return list(found["uploads"]) if found else []


def assert_refused(answer: requests.Response, text: str) -> int:
    """Check that the answer is a 429 with this text, and return its `Retry-After`."""
    assert_problem(answer, 429)
    assert text in answer.json()["detail"]
    return int(answer.headers["Retry-After"])


def test_open_jobs_beyond_the_quota_are_refused(anna: Caller, store: Store) -> None:
    """The fourth is 429 and leaves nothing in the store; after one has ended, another is accepted."""
    for _ in range(OPEN_JOBS):
        assert send(anna).status_code == 202
    before = store.counts()
    assert 0 < assert_refused(send(anna), "unfinished jobs") <= 60
    store.assert_as_before(before)
    end_as_done(store, anna)
    assert send(anna).status_code == 202


@pytest.mark.parametrize("kind", ["raw", "form", "without a length"])
def test_bytes_beyond_the_quota_are_refused(anna: Caller, store: Store, kind: str) -> None:
    """A video beyond the 2 MiB is 429 and leaves nothing in the store; one that just fits is accepted."""
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


def test_announced_length_beyond_the_quota_is_refused_at_once(anna: Caller) -> None:
    """Before a byte of the body is sent."""
    with Sending(anna, "/upload?name=a.mp4", STORED + 1) as sending:
        status, answer = sending.answer()
    assert status == 429
    assert b"Delete jobs" in answer


def test_stored_bytes_are_videos_of_open_jobs_and_mp3s(anna: Caller, store: Store) -> None:
    """A converted video counts as its MP3, a failed one not at all, and one that can be replayed in full."""
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


def test_uploads_per_hour_beyond_the_quota_are_refused(anna: Caller, store: Store) -> None:
    """The sixth is 429 until the first is an hour old, whether the others became jobs or failed."""
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


def test_quotas_are_per_user(anna: Caller, strict: str, secrets: Secrets) -> None:
    """A user at the limit does not affect others."""
    for _ in range(OPEN_JOBS):
        send(anna)
    assert send(anna).status_code == 429
    assert send(newcomer(strict, secrets)).status_code == 202


def test_concurrent_uploads_exceed_no_quota_together(anna: Caller, store: Store) -> None:
    """Fifty concurrent uploads of a new user: three jobs, the others 429."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        statuses = sorted(answer.status_code for answer in pool.map(lambda _: send(anna), range(AT_ONCE)))
    assert statuses == [202] * OPEN_JOBS + [429] * (AT_ONCE - OPEN_JOBS)
    assert len(store.jobs(anna.user)) == OPEN_JOBS
    assert len(uploads(store, anna)) == OPEN_JOBS


@pytest.mark.parametrize("length", ["known", "unknown"])
def test_upload_in_progress_counts(anna: Caller, store: Store, length: str) -> None:
    """Its announced length, or 64 MiB if unknown, is reserved until the upload ends in any way."""
    with Sending(anna, "/upload?name=a.mp4", STORED if length == "known" else None) as sending:
        (sending.send if length == "known" else sending.send_chunk)(b"some")
        eventually(lambda: uploads(store, anna), 5, "the upload")
        assert_refused(send(anna), "2 MiB")
        sending.vanish()
    eventually(lambda: not any("size" in upload for upload in uploads(store, anna)), 15, "the end of the upload")
    assert send(anna, bytes(STORED)).status_code == 202


def test_body_of_unknown_length_reserves_step_by_step(caller: Caller, store: Store) -> None:
    """64 MiB at a time, not the 4 GiB that it might become."""
    with Sending(caller, "/upload?name=a.mp4", None) as sending:
        sending.send_chunk(b"some")
        (first,) = eventually(lambda: uploads(store, caller), 5, "the upload")
        assert first["size"] == 64 * MIB
        sending.send_chunk(bytes(66 * MIB))
        eventually(lambda: uploads(store, caller)[0]["size"] == 128 * MIB, 15, "the second step")
        sending.vanish()


def test_bodies_of_unknown_length_exceed_no_quota_together(roomy: Caller, store: Store) -> None:
    """100 MiB are left: the second upload may have what the first has not reserved, and then the first the rest."""
    with Sending(roomy, "/upload?name=a.mp4", None) as first:
        first.send_chunk(bytes(50 * MIB))
        eventually(lambda: uploads(store, roomy), 5, "the first upload")
        with Sending(roomy, "/upload?name=a.mp4", None) as second:
            second.send_chunk(bytes(37 * MIB))
            assert second.answer()[0] == 429
        first.send_chunk(bytes(49 * MIB))
        first.send(b"0\r\n\r\n")
        assert first.answer()[0] == 202


@pytest.mark.parametrize("length", ["known", "unknown"])
def test_upload_cut_off_by_an_outage_of_the_store_keeps_no_reservation(
    anna: Caller, store: Store, mongodb: Server, length: str
) -> None:
    """Its end could not be recorded: that is done once the store is back, without another request."""
    with Sending(anna, "/upload?name=a.mp4", STORED if length == "known" else None) as sending:
        (sending.send if length == "known" else sending.send_chunk)(b"some")
        eventually(lambda: uploads(store, anna), 5, "the upload")
        mongodb.stop()
        try:
            part = bytes(STORED - 4)
            (sending.send if length == "known" else sending.send_chunk)(part)
            if length == "unknown":
                sending.send(b"0\r\n\r\n")
            assert sending.answer()[0] == 503
        finally:
            mongodb.start()
    eventually(lambda: not any("size" in upload for upload in uploads(store, anna)), 30, "the end of the reservation")
    assert send(anna, bytes(STORED)).status_code == 202


def test_almost_full_store_refuses_uploads(full: Caller, store: Store) -> None:
    """507 before the body, with the reason and when to retry; nothing counts as an upload."""
    for length in (100, None):
        with Sending(full, "/upload?name=a.mp4", length) as sending:
            status, answer = sending.answer()
        assert status == 507
        assert b"almost full" in answer
    assert_problem(answered := send(full), 507)
    assert int(answered.headers["Retry-After"]) > 0
    assert uploads(store, full) == []


def test_upload_that_has_just_become_a_job_counts_once(anna: Caller, store: Store) -> None:
    """For a moment it is both among the uploads in progress and among the jobs."""
    assert send(anna, bytes(MIB)).status_code == 202
    store.database["quotas"].update_one({"_id": anna.user}, {"$set": {"uploads.0.size": MIB}})
    assert send(anna, bytes(MIB)).status_code == 202


def test_repeated_key_is_no_new_upload(anna: Caller) -> None:
    """A repeated request gets its first answer, also at the limit."""
    key = str(uuid4())
    first = send(anna, key=key)
    for _ in range(OPEN_JOBS - 1):
        send(anna)
    assert send(anna).status_code == 429
    for _ in range(UPLOADS):
        assert send(anna, key=key).json() == first.json()


def test_upload_of_a_crashed_function_counts_for_an_hour(anna: Caller, store: Store) -> None:
    """Its bytes stay reserved as long as the upload could have taken."""
    crashed = ObjectId.from_datetime(datetime.now(UTC) - timedelta(minutes=59))
    left = {"_id": anna.user, "uploads": [{"_id": crashed, "size": STORED}], "last": datetime.now(UTC)}
    store.database["quotas"].insert_one(left)
    assert_refused(send(anna), "2 MiB")
    crashed = ObjectId.from_datetime(datetime.now(UTC) - timedelta(minutes=61))
    store.database["quotas"].update_one({"_id": anna.user}, {"$set": {"uploads.0._id": crashed}})
    assert send(anna).status_code == 202
    (kept,) = uploads(store, anna)
    assert kept["_id"] != crashed


def test_uploads_of_an_idle_user_expire(store: Store) -> None:
    """MongoDB deletes a user's document an hour after the last upload."""
    assert store.database["quotas"].index_information()["last_1"]["expireAfterSeconds"] == 3600


def test_quotas_are_answered_by_an_index(anna: Caller, store: Store) -> None:
    """The sums over an owner's jobs read no document, and only that owner's keys."""
    assert send(anna).status_code == 202
    database, profile = store.database, store.database["system.profile"]
    database.command("profile", 2)
    try:
        assert send(anna).status_code == 202
        asked = {"op": "command", "command.aggregate": "uploads", "command.pipeline.0.$match.owner": anna.user}
        found = eventually(lambda: profile.find_one(asked), 5, "the profile of the query")
    finally:
        database.command("profile", 0)
        profile.drop()
    assert (found["docsExamined"], found["keysExamined"] <= 2) == (0, True)


def test_refused_upload_can_be_sent_to_its_end(anna: Caller) -> None:
    """A client that reads only after sending everything gets the answer, and can reuse the connection."""
    session = requests.Session()
    for _ in range(2):
        answer = session.post(f"{anna.url}/upload?name=a.mp4", bytes(20 * MIB), headers=anna.headers, timeout=30)
        assert_refused(answer, "2 MiB")
