import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import requests
from bson import ObjectId

from functions.shared.job.conversions import Conversions, LeaseLost
from functions.shared.job.document import Mp3
from scripts.local.secrets import Secrets
from tests.support.callers import Caller, newcomer
from tests.support.problems import assert_problem
from tests.support.shelf import Shelf
from tests.support.stacks import Server


def test_a_job_is_shown_as_it_is(caller: Caller, shelf: Shelf) -> None:
    """From the upload to the MP3, with all that its owner may know and nothing else."""
    job = shelf.uploaded(caller.user)
    answer = caller.call("GET", f"/jobs/{job.id}")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json() == job.public()
    attempt = Conversions(shelf.database).claim(job.id)
    assert attempt
    attempt.renew(0.25)
    progress = {"state": "converting", "progress": 0.25}
    assert caller.call("GET", f"/jobs/{job.id}").json() == job.public() | progress
    attempt.commit(Mp3(mp3 := ObjectId(), 5, 1.5))
    done = {"state": "done", "progress": 1.0, "mp3": {"id": str(mp3), "size": 5, "duration": 1.5}}
    assert caller.call("GET", f"/jobs/{job.id}").json() == job.public() | done


def test_jobs_come_newest_first_and_in_pages(caller: Caller, stranger: Caller, shelf: Shelf) -> None:
    """Following `next` shows every job of one's own once, the newest first."""
    ids = [str(shelf.uploaded(caller.user).id) for _ in range(7)]
    shelf.uploaded(stranger.user)
    pages, path = [], "/jobs?limit=3"
    while path:
        page = caller.call("GET", path).json()
        pages.append([job["id"] for job in page["jobs"]])
        path = page["next"]
    assert pages == [ids[:3:-1], ids[3:0:-1], ids[:1]]


def test_a_full_last_page_is_the_last(caller: Caller, shelf: Shelf) -> None:
    """There is no next page where there is no further job; a page has 20 if nobody says otherwise."""
    for _ in range(21):
        shelf.uploaded(caller.user)
    assert caller.call("GET", "/jobs?limit=21").json()["next"] is None
    page = caller.call("GET", "/jobs").json()
    assert len(page["jobs"]) == 20
    assert page["next"] == f"/jobs?before={page['jobs'][-1]['id']}&limit=20"


def test_without_a_job_the_list_is_empty(caller: Caller) -> None:
    """A newcomer has no jobs."""
    assert caller.call("GET", "/jobs").json() == {"jobs": [], "next": None}


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=-1", "limit=ten", "limit=", "limit=²", "limit=1e1", "before=x", "before="]
)
def test_an_odd_page_is_refused(caller: Caller, query: str) -> None:
    """A limit is 1 to 100, `before` is an id."""
    assert_problem(caller.call("GET", f"/jobs?{query}"), 400)


def test_a_deleted_job_takes_its_files_along(caller: Caller, shelf: Shelf) -> None:
    """Neither job nor video nor MP3 is there afterwards, and a second time there is no such job."""
    for job in (shelf.uploaded(caller.user), shelf.done(caller.user)):
        ids = [job.id, *([job.mp3.id] if job.mp3 else [])]
        assert shelf.files(*ids) == 2
        answer = caller.call("DELETE", f"/jobs/{job.id}")
        assert (answer.status_code, answer.content) == (204, b"")
        assert shelf.files(*ids) == 0
        assert_problem(caller.call("GET", f"/jobs/{job.id}"), 404)
        assert_problem(caller.call("DELETE", f"/jobs/{job.id}"), 404)


def test_a_job_may_go_while_it_converts(caller: Caller, shelf: Shelf) -> None:
    """The conversion finds that it has lost its job, and cannot bring it back."""
    job = shelf.uploaded(caller.user)
    attempt = Conversions(shelf.database).claim(job.id)
    assert attempt
    assert caller.call("DELETE", f"/jobs/{job.id}").status_code == 204
    with pytest.raises(LeaseLost):
        attempt.commit(Mp3(ObjectId(), 1, 1.0))
    assert_problem(caller.call("GET", f"/jobs/{job.id}"), 404)


def test_all_of_ones_jobs_may_go_at_once(caller: Caller, stranger: Caller, shelf: Shelf) -> None:
    """The caller's jobs and files go, nobody else's, and once more is no error."""
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
def test_only_its_owner_has_a_job(caller: Caller, stranger: Caller, shelf: Shelf, method: str) -> None:
    """Somebody else's job, a missing one and no id at all are one and the same 404."""
    job = shelf.uploaded(caller.user)
    answers = [stranger.call(method, f"/jobs/{name}") for name in (job.id, ObjectId(), "nonsense", "%00", "ä")]
    for answer in answers:
        assert_problem(answer, 404)
        assert answer.content == answers[0].content
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
def test_a_stranger_learns_nothing(download: str, secrets: Secrets, method: str, path: str) -> None:
    """Without a valid token everything is 401."""
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
def test_another_method_is_refused(caller: Caller, method: str, path: str, allowed: set[str]) -> None:
    """405 says which methods there are."""
    answer = caller.call(method, path)
    assert_problem(answer, 405)
    assert {name.strip() for name in answer.headers["Allow"].split(",")} == allowed


@pytest.mark.parametrize("path", ["/", "/jobs/", "/download", "/download/", "/download/a/b", "/other"])
def test_another_path_is_refused(caller: Caller, path: str) -> None:
    """404, as a problem."""
    assert_problem(caller.call("GET", path), 404)


@contextmanager
def away(mongodb: Server) -> Iterator[None]:
    mongodb.stop()
    try:
        yield
    finally:
        mongodb.start()


def test_a_store_that_is_away_is_503(caller: Caller, shelf: Shelf, mongodb: Server) -> None:
    """Whoever asks while the store is away is told within 10 s when to come again, and is served once it is back."""
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
