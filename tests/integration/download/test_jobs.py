import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import requests
from bson import ObjectId

from functions.shared.job.conversions import Conversions, LeaseLost
from functions.shared.job.document import Mp3
from functions.shared.job.owners import OwnerDeleted
from scripts.local.secrets import Secrets
from tests.support.callers import Caller, newcomer
from tests.support.problems import assert_problem, without_ids
from tests.support.shelf import Shelf
from tests.support.stacks import Server


def test_job_is_shown_in_each_state(caller: Caller, shelf: Shelf) -> None:
    """From the upload to the MP3, with all public fields and no other."""
    job = shelf.uploaded(caller.user)
    answer = caller.call("GET", f"/jobs/{job.id}")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json() == job.public()
    attempt = Conversions(shelf.database).claim(job.id)
    assert attempt
    attempt.renew(0.25)
    progress = {"state": "converting", "progress": 0.25}
    assert caller.call("GET", f"/jobs/{job.id}").json() == job.public() | progress
    attempt.commit(Mp3(mp3 := ObjectId(), 5, 1.5), incomplete=True)
    done = {"state": "done", "progress": 1.0, "mp3": {"id": str(mp3), "size": 5, "duration": 1.5, "incomplete": True}}
    assert caller.call("GET", f"/jobs/{job.id}").json() == job.public() | done


def test_job_says_until_when_its_video_is_kept(caller: Caller, shelf: Shelf) -> None:
    """Once it has ended, and until the video is deleted."""
    job = shelf.uploaded(caller.user, keep=3)
    attempt = Conversions(shelf.database).claim(job.id)
    assert attempt
    assert caller.call("GET", f"/jobs/{job.id}").json()["video_kept_until"] is None
    attempt.commit(Mp3(ObjectId(), 5, 1.5))
    until = datetime.fromisoformat(caller.call("GET", f"/jobs/{job.id}").json()["video_kept_until"])
    assert timedelta(hours=2.9) < until - datetime.now(UTC) < timedelta(hours=3.1)


def test_jobs_are_listed_newest_first_in_pages(caller: Caller, stranger: Caller, shelf: Shelf) -> None:
    """Following `next` lists each of the caller's jobs once."""
    ids = [str(shelf.uploaded(caller.user).id) for _ in range(7)]
    shelf.uploaded(stranger.user)
    pages, path = [], "/jobs?limit=3"
    while path:
        page = caller.call("GET", path).json()
        pages.append([job["id"] for job in page["jobs"]])
        path = page["next"]
    assert pages == [ids[:3:-1], ids[3:0:-1], ids[:1]]


def test_full_last_page_has_no_next(caller: Caller, shelf: Shelf) -> None:
    """There is no next page without a further job; the default page has 20 jobs."""
    for _ in range(21):
        shelf.uploaded(caller.user)
    assert caller.call("GET", "/jobs?limit=21").json()["next"] is None
    page = caller.call("GET", "/jobs").json()
    assert len(page["jobs"]) == 20
    assert page["next"] == f"/jobs?before={page['jobs'][-1]['id']}&limit=20"


def test_new_user_has_an_empty_list(caller: Caller) -> None:
    assert caller.call("GET", "/jobs").json() == {"jobs": [], "next": None}


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=-1", "limit=ten", "limit=", "limit=²", "limit=1e1", "before=x", "before="]
)
def test_invalid_page_is_refused(caller: Caller, query: str) -> None:
    """`limit` is from 1 to 100, `before` is an id."""
    assert_problem(caller.call("GET", f"/jobs?{query}"), 400)


def test_deleting_a_job_deletes_its_files(caller: Caller, shelf: Shelf) -> None:
    """Job, video and MP3 are gone, and a second request is 404."""
    for job in (shelf.uploaded(caller.user), shelf.done(caller.user)):
        ids = [job.id, *([job.mp3.id] if job.mp3 else [])]
        assert shelf.files(*ids) == 2
        answer = caller.call("DELETE", f"/jobs/{job.id}")
        assert (answer.status_code, answer.content) == (204, b"")
        assert shelf.files(*ids) == 0
        assert_problem(caller.call("GET", f"/jobs/{job.id}"), 404)
        assert_problem(caller.call("DELETE", f"/jobs/{job.id}"), 404)


def test_deleting_a_job_leaves_a_video_that_another_job_needs(caller: Caller, shelf: Shelf) -> None:
    """In either order: the last one takes it along, open or with a kept video; so does the deletion of all."""
    for delete in ("first", "second", "all"):
        first = shelf.uploaded(caller.user, keep=1)
        second = shelf.again(first)
        kept = {"state": "done", "mp3": {"id": ObjectId(), "size": 1, "duration": 1.0}, "kept": datetime.now(UTC)}
        shelf.database["jobs"].update_one({"_id": second.id}, {"$set": kept})
        for job in {"first": [first, second], "second": [second, first], "all": []}[delete]:
            assert shelf.files(first.id) == 2
            assert caller.call("DELETE", f"/jobs/{job.id}").status_code == 204
        assert caller.call("DELETE", "/jobs").status_code == 204
        assert shelf.files(first.id) == 0


def test_video_that_the_other_job_has_released_goes_with_its_own(caller: Caller, shelf: Shelf) -> None:
    first = shelf.uploaded(caller.user, keep=1)
    second = shelf.again(first)
    shelf.database["jobs"].update_one({"_id": second.id}, {"$set": {"state": "done"}})
    assert caller.call("DELETE", f"/jobs/{first.id}").status_code == 204
    assert shelf.files(first.id) == 0


def test_job_can_be_deleted_during_its_conversion(caller: Caller, shelf: Shelf) -> None:
    """The conversion loses its lease and cannot recreate the job."""
    job = shelf.uploaded(caller.user)
    attempt = Conversions(shelf.database).claim(job.id)
    assert attempt
    assert caller.call("DELETE", f"/jobs/{job.id}").status_code == 204
    with pytest.raises(LeaseLost):
        attempt.commit(Mp3(ObjectId(), 1, 1.0))
    assert_problem(caller.call("GET", f"/jobs/{job.id}"), 404)


def test_all_jobs_can_be_deleted_at_once(caller: Caller, stranger: Caller, shelf: Shelf) -> None:
    """The caller's jobs and files are deleted, no other user's, and a repetition is no error."""
    kept = shelf.done(stranger.user)
    assert kept.mp3
    gone = [shelf.uploaded(caller.user) for _ in range(3)]
    gone.append(shelf.done(caller.user))
    for _ in range(2):
        assert caller.call("DELETE", "/jobs").status_code == 204
    assert caller.call("GET", "/jobs").json()["jobs"] == []
    assert shelf.files(*(job.id for job in gone), *(job.mp3.id for job in gone if job.mp3)) == 0
    assert stranger.call("GET", f"/download/{kept.mp3.id}").content == b"mp3"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_job_of_another_user_is_not_found(caller: Caller, stranger: Caller, shelf: Shelf, method: str) -> None:
    """Another user's job, a missing job and a malformed id get the same 404."""
    job = shelf.uploaded(caller.user)
    answers = [stranger.call(method, f"/jobs/{name}") for name in (job.id, ObjectId(), "nonsense", "%00", "ä")]
    for answer in answers:
        assert_problem(answer, 404)
        assert without_ids(answer) == without_ids(answers[0])
    assert caller.call("GET", f"/jobs/{job.id}").json() == job.public()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/jobs"),
        ("DELETE", "/jobs"),
        ("GET", f"/jobs/{ObjectId()}"),
        ("DELETE", f"/jobs/{ObjectId()}"),
        ("GET", f"/download/{ObjectId()}"),
        ("GET", "/nothing"),
    ],
)
def test_every_path_requires_a_token(download: str, secrets: Secrets, method: str, path: str) -> None:
    """Without a valid token every answer is 401, also for unknown paths."""
    assert_problem(requests.request(method, download + path, timeout=30), 401)
    assert_problem(newcomer(download, secrets, expires=-10).call(method, path), 401)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/jobs", {"GET", "HEAD", "DELETE"}),
        ("PUT", f"/jobs/{ObjectId()}", {"GET", "HEAD", "DELETE"}),
        ("DELETE", f"/download/{ObjectId()}", {"GET", "HEAD"}),
        ("OPTIONS", "/jobs", {"GET", "HEAD", "DELETE"}),
    ],
)
def test_unsupported_method_is_405(caller: Caller, method: str, path: str, allowed: set[str]) -> None:
    """`Allow` lists the methods of the path."""
    answer = caller.call(method, path)
    assert_problem(answer, 405)
    assert {name.strip() for name in answer.headers["Allow"].split(",")} == allowed


@pytest.mark.parametrize("path", ["/", "/jobs/", "/download", "/download/", "/download/a/b", "/other"])
def test_unknown_path_is_404(caller: Caller, path: str) -> None:
    """As a problem."""
    assert_problem(caller.call("GET", path), 404)


@contextmanager
def away(mongodb: Server) -> Iterator[None]:
    mongodb.stop()
    try:
        yield
    finally:
        mongodb.start()


def test_absent_store_is_503(caller: Caller, shelf: Shelf, mongodb: Server) -> None:
    """Within 10 s, with `Retry-After`; requests succeed again once the store is back."""
    job = shelf.done(caller.user)
    assert job.mp3
    asked = [("GET", f"/download/{job.mp3.id}"), ("GET", "/jobs"), ("DELETE", "/jobs")]
    with away(mongodb), ThreadPoolExecutor(len(asked)) as pool:
        began = time.monotonic()
        for answer in pool.map(lambda call: caller.call(*call), asked):
            assert_problem(answer, 503)
            assert int(answer.headers["Retry-After"]) > 0
        assert time.monotonic() - began < 10
    assert caller.call("GET", f"/download/{job.mp3.id}").content == b"mp3"


def test_deletion_of_an_account_leaves_a_tombstone(caller: Caller, stranger: Caller, shelf: Shelf) -> None:
    """auth says so in a header: jobs, files and uploads are deleted, and no job of the user can be created any more."""
    jobs = [shelf.uploaded(caller.user), shelf.uploaded(stranger.user)]
    uploads = [shelf.begun(owner) for owner in (caller.user, caller.user, stranger.user)]
    for upload in uploads:
        shelf.database["videos.chunks"].insert_one({"files_id": upload.id, "n": 0, "data": b"x"})
    assert caller.call("DELETE", "/jobs", headers={"Account-Deletion": "true"}).status_code == 204
    assert shelf.files(jobs[0].id) == 0
    assert shelf.database["uploads"].distinct("_id", {"_id": {"$in": [each.id for each in uploads]}}) == [uploads[2].id]
    assert [shelf.files(upload.id) for upload in uploads] == [0, 0, 1]
    with pytest.raises(OwnerDeleted):
        shelf.uploaded(caller.user)
    assert stranger.call("DELETE", "/jobs").status_code == 204
    assert shelf.uploaded(stranger.user)


def test_deleted_job_takes_its_upload_with_it(caller: Caller, shelf: Shelf) -> None:
    """The resumable upload that became it is not found any more; others are not concerned."""
    upload, other = shelf.begun(caller.user), shelf.begun(caller.user)
    job = shelf.uploaded(caller.user)
    shelf.database["uploads"].delete_one({"_id": upload.id})
    shelf.database["uploads"].insert_one({"_id": job.id, "owner": caller.user, "job": job.id})
    assert caller.call("DELETE", f"/jobs/{job.id}").status_code == 204
    assert shelf.database["uploads"].distinct("_id", {"owner": caller.user}) == [other.id]
