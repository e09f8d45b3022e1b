"""Another job of a stored video, with other options and without a second upload."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import requests
from bson import ObjectId

from functions.shared.job.owners import Owners
from scripts.local.secrets import Secrets
from tests.integration.upload.store import Store
from tests.support.callers import Caller, newcomer
from tests.support.ingress import Ingress
from tests.support.problems import assert_problem, without_ids
from tests.support.sending import FORM, Sending, form
from tests.support.stacks import StartFunction
from tests.support.waiting import eventually

MIB = 1024**2
HOUR = timedelta(hours=1)
ASKED = {"quality": "128k", "start": "90"}
MP3 = {"id": ObjectId(), "size": 10, "duration": 1.0}
QUALITY, START = ('name="quality"', b"128k"), ('name="start"', b"1:30")
URLENCODED = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="session")
def keeping(start_function: StartFunction, settings: dict[str, str]) -> str:
    """An upload function that lets videos be kept for a day."""
    return start_function("upload", settings | {"KEEP_VIDEO_HOURS": "24"})


@pytest.fixture(scope="session")
def strict(start_function: StartFunction, settings: dict[str, str]) -> str:
    """The same with low quotas."""
    quotas = {"QUOTA_STORED_MIB": "2", "QUOTA_OPEN_JOBS": "3", "QUOTA_UPLOADS_PER_HOUR": "4"}
    return start_function("upload", settings | {"KEEP_VIDEO_HOURS": "24"} | quotas)


@pytest.fixture
def anna(keeping: str, secrets: Secrets) -> Caller:
    return newcomer(keeping, secrets)


def upload(caller: Caller, video: bytes = b"video") -> str:
    answer = caller.call("POST", "/upload?name=clip.mp4&quality=0", data=video)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def again(caller: Caller, job: str, query: str = "", **options: Any) -> requests.Response:
    return caller.call("POST", f"/jobs/{job}/again?{query}", **options)


def end(store: Store, job: str, **fields: object) -> None:
    """End the job, as convert does, with these fields."""
    now = datetime.now(UTC)
    change = {"$set": {"finished": now, **fields}, "$unset": {"lease": ""}}
    assert store.database["jobs"].update_one({"_id": ObjectId(job)}, change).matched_count


def test_stored_video_becomes_another_job(anna: Caller, store: Store, broker: Ingress) -> None:
    """It has the name and size of the first, its own options, and the same video; its event asks for a conversion."""
    first = upload(anna)
    before = store.counts()
    answer = again(anna, first, "quality=128k&start=1:30")
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert (answer.headers["Location"], answer.headers["Cache-Control"]) == (f"/jobs/{job['id']}", "no-store")
    assert job["id"] != first
    expected = {"name": "clip.mp4", "size": 5, "state": "uploaded", "options": ASKED, "video_kept_until": None}
    assert expected.items() <= job.items()
    jobs, videos, chunks = before
    assert store.counts() == (jobs + 1, videos, chunks)
    made = store.database["jobs"].find_one({"_id": ObjectId(job["id"])}) or {}
    assert (made["video"], made["keep"], made["owner"]) == (ObjectId(first), 24, anna.user)
    assert made["email"] == f"{anna.user}@people.example"
    (event,) = eventually(lambda: broker.about(ObjectId(job["id"])), 5, "its event")
    assert event["type"] == "video2mp3.video.uploaded.v1"


@pytest.mark.parametrize(
    ("query", "request_"),
    [
        ("quality=128k&start=1:30", {}),
        ("", {"data": "quality=128k&start=1:30", "headers": URLENCODED}),
        ("", {"data": form(QUALITY, START), "headers": FORM}),
        ("quality=128k", {"data": {"start": "1:30"}}),
    ],
)
def test_options_are_in_query_or_form(anna: Caller, query: str, request_: dict[str, Any]) -> None:
    """In both kinds of forms, and in query and form together."""
    assert again(anna, upload(anna), query, **request_).json()["options"] == ASKED


def test_options_of_the_first_job_are_not_taken_over(anna: Caller) -> None:
    """A request without options asks for what an upload without options asks for."""
    assert again(anna, upload(anna)).json()["options"] == {}


@pytest.mark.parametrize(
    ("query", "body", "named"),
    [
        ("qualty=128k", "", "qualty"),
        ("name=other.mp4", "", "name"),
        ("", "quality=128", "quality"),
        ("quality=0", "quality=0", "quality"),
        ("start=9", "end=8", "end"),
    ],
)
def test_wrong_option_is_refused(anna: Caller, store: Store, query: str, body: str, named: str) -> None:
    """The answer names it, and no job is created."""
    first = upload(anna)
    before = store.counts()
    answer = again(anna, first, query, data=body, headers=URLENCODED)
    assert_problem(answer, 422)
    assert f"`{named}`" in answer.json()["detail"]
    assert store.counts() == before


def test_wrong_option_in_the_query_is_refused_before_the_body(anna: Caller) -> None:
    with Sending(anna, f"/jobs/{upload(anna)}/again?qualty=0", 100, URLENCODED) as sending:
        assert sending.answer()[0] == 422


@pytest.mark.parametrize(
    "request_",
    [
        {"json": {"quality": "128k"}},
        {"data": b"quality=128k"},
        {"files": {"file": ("clip.mp4", b"video")}},
        {"data": b"no boundary", "headers": {"Content-Type": "multipart/form-data"}},
        {"data": form(QUALITY)[:-20], "headers": FORM},
        {"data": b"title=caf%E9", "headers": URLENCODED},
        {"data": b"title=caf\xe9", "headers": URLENCODED},
    ],
)
def test_body_that_is_no_form_of_options_is_refused(anna: Caller, store: Store, request_: dict[str, Any]) -> None:
    """Options in it would be ignored otherwise."""
    first = upload(anna)
    before = store.counts()
    answer = again(anna, first, **request_)
    assert_problem(answer, 400)
    assert "options" in answer.json()["detail"]
    assert store.counts() == before


@pytest.mark.parametrize("length", [65537, None])
def test_form_of_more_than_64_kib_is_refused(anna: Caller, length: int | None) -> None:
    """By its announced length, or once so much of it has arrived."""
    with Sending(anna, f"/jobs/{upload(anna)}/again", length, URLENCODED) as sending:
        if length is None:
            sending.send_chunk(bytes(65537))
        status, answer = sending.answer()
    assert status == 413
    assert b"64 KiB" in answer


@pytest.mark.parametrize(
    "ended",
    [
        {"state": "done", "mp3": MP3},
        {"state": "failed", "reason": {"code": "no_audio", "message": "x"}},
        {"state": "failed", "reason": {"code": "gave_up", "message": "x"}},
    ],
)
def test_ended_job_is_good_for_another_one_while_it_keeps_its_video(
    anna: Caller, store: Store, ended: dict[str, Any]
) -> None:
    """Whatever its end; after that the answer is 410, which says what to do, and no job is created."""
    first, now = upload(anna), datetime.now(UTC)
    end(store, first, kept=now + HOUR, **ended)
    assert again(anna, first).status_code == 202
    end(store, first, kept=now - timedelta(seconds=1))
    before = store.counts()
    answer = again(anna, first)
    assert_problem(answer, 410)
    assert "Upload the video again" in answer.json()["detail"]
    store.database["jobs"].update_one({"_id": ObjectId(first)}, {"$unset": {"kept": ""}})
    assert_problem(again(anna, first), 410)
    assert store.counts() == before


def test_unfinished_job_whose_video_is_not_kept_is_not_good_for_another_one(caller: Caller, store: Store) -> None:
    """By default no video is kept: it is deleted when its job ends, whatever else was made of it."""
    first = upload(caller)
    assert {"keep", "video"}.isdisjoint(store.jobs(caller.user)[0])
    assert_problem(again(caller, first), 410)


def test_another_job_is_made_from_one_that_was_made_so(anna: Caller, store: Store) -> None:
    """It has the video of the first."""
    first = upload(anna)
    second = again(anna, first).json()["id"]
    third = again(anna, second, "quality=3").json()["id"]
    assert len({first, second, third}) == 3
    videos = {str(job["_id"]): job.get("video") for job in store.jobs(anna.user)}
    assert videos == {first: None, second: ObjectId(first), third: ObjectId(first)}


def test_job_of_another_user_is_not_found(anna: Caller, keeping: str, secrets: Secrets) -> None:
    """Another user's job, a missing job and a malformed id get the same 404."""
    stranger, first = newcomer(keeping, secrets), upload(anna)
    answers = [again(stranger, job) for job in (first, str(ObjectId()), "nonsense", "%00", "ä")]
    for answer in answers:
        assert_problem(answer, 404)
        assert without_ids(answer) == without_ids(answers[0])


def test_repeated_key_gets_the_first_answer(anna: Caller, store: Store) -> None:
    """Also when the video is not kept any longer, and of many at once."""
    first, headers = upload(anna), {"Idempotency-Key": str(uuid4())}
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: again(anna, first, "quality=1", headers=headers), range(10)))
    end(store, first, state="done", mp3=MP3)
    answers.append(again(anna, first, headers=headers))
    assert {(answer.status_code, answer.content) for answer in answers} == {(202, answers[0].content)}
    assert len(store.jobs(anna.user)) == 2


def test_open_jobs_count(strict: str, secrets: Secrets) -> None:
    """As after uploads."""
    caller = newcomer(strict, secrets)
    first = upload(caller)
    assert [again(caller, first).status_code for _ in range(3)] == [202, 202, 429]


def test_it_counts_as_an_upload_of_its_hour(strict: str, secrets: Secrets, store: Store) -> None:
    caller = newcomer(strict, secrets)
    first = upload(caller)
    for _ in range(3):
        assert again(caller, first).status_code == 202
        store.database["jobs"].update_many(
            {"owner": caller.user, "video": {"$exists": True}}, {"$set": {"state": "done"}}
        )
    answer = again(caller, first)
    assert_problem(answer, 429)
    assert "uploads per hour" in answer.json()["detail"]


def test_shared_video_counts_once_and_until_it_is_deleted(strict: str, secrets: Secrets, store: Store) -> None:
    """Of 2 MiB: a video of 1.5 and its MP3; kept, replayed or open, in one job or in several."""
    caller = newcomer(strict, secrets)
    first = upload(caller, bytes(MIB + MIB // 2))
    second = again(caller, first)
    assert second.status_code == 202
    end(store, first, state="done", mp3=MP3 | {"size": MIB // 4}, kept=datetime.now(UTC) - HOUR)
    end(store, second.json()["id"], state="done", mp3=MP3 | {"size": 0}, kept=datetime.now(UTC) - HOUR)
    rest = MIB // 4
    too_much = caller.call("POST", "/upload?name=a.mp4", data=bytes(rest + 1))
    assert_problem(too_much, 429)
    assert "2 MiB" in too_much.json()["detail"]
    store.database["jobs"].update_one({"_id": ObjectId(first)}, {"$unset": {"kept": ""}})
    assert_problem(caller.call("POST", "/upload?name=a.mp4", data=bytes(rest + 1)), 429)
    store.database["jobs"].update_many({"owner": caller.user}, {"$unset": {"kept": ""}})
    assert caller.call("POST", "/upload?name=a.mp4", data=bytes(rest + MIB)).status_code == 202


def test_full_storage_is_refused(strict: str, secrets: Secrets, store: Store) -> None:
    """There has to be space for an MP3."""
    caller = newcomer(strict, secrets)
    first = upload(caller, bytes(2 * MIB))
    answer = again(caller, first)
    assert_problem(answer, 429)
    assert "2 MiB" in answer.json()["detail"]
    assert len(store.jobs(caller.user)) == 1


def test_almost_full_store_is_refused(
    start_function: StartFunction, settings: dict[str, str], secrets: Secrets, anna: Caller
) -> None:
    first = upload(anna)
    full = start_function("upload", settings | {"STORE_FREE_MIB": str(10**9)})
    assert_problem(again(Caller(full, anna.user, anna.token, anna.session), first), 507)


def test_deleted_account_gets_no_other_job(anna: Caller, store: Store) -> None:
    first = upload(anna)
    Owners(store.database).delete(anna.user)
    assert_problem(again(anna, first), 401)
    assert len(store.jobs(anna.user)) == 1


def test_other_methods_are_refused(anna: Caller) -> None:
    answer = anna.call("GET", f"/jobs/{ObjectId()}/again")
    assert_problem(answer, 405)
    assert answer.headers["Allow"] == "POST"
