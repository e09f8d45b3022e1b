"""Signed links: whoever has one reads the MP3, as its owner does, until it expires or the job is deleted."""

import json
import os
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from bson import ObjectId

from functions.download.links import Link, LinkKeys, Links
from functions.shared.settings import Url
from scripts.local.secrets import Secrets
from scripts.local.supervision import Supervisor
from tests.support.callers import Caller
from tests.support.problems import assert_problem, without_ids
from tests.support.shelf import Shelf
from tests.support.waiting import eventually

MP3 = bytes(range(256)) * 3000
DAY, WEEK = timedelta(days=1), timedelta(days=7)


def make(caller: Caller, job: object, **body: object) -> requests.Response:
    return caller.call("POST", f"/jobs/{job}/link", json=body)


def follow(caller: Caller, url: str, method: str = "GET", **headers: str) -> requests.Response:
    """Open the link at the function itself, without a token."""
    return requests.request(method, caller.url + urlsplit(url).path, headers=headers, timeout=60)


@pytest.fixture
def url(caller: Caller, shelf: Shelf) -> str:
    """A link to `MP3`."""
    return str(make(caller, shelf.done(caller.user, MP3, name="my film.mp4").id).json()["url"])


def test_link_is_an_absolute_url_with_its_expiry(caller: Caller, shelf: Shelf) -> None:
    """A day from now unless the request says otherwise; no cache keeps the answer."""
    job, now = shelf.done(caller.user).id, datetime.now(UTC)
    for body, lifetime in (({}, DAY), ({"expires_in": 60}, timedelta(minutes=1)), ({"expires_in": 604800}, WEEK)):
        answer = make(caller, job, **body)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.json()["url"].startswith("https://gateway.example/d/")
        expires = datetime.fromisoformat(answer.json()["expires"])
        assert abs(expires - now - lifetime) < timedelta(seconds=30)
    assert caller.call("POST", f"/jobs/{job}/link").status_code == 200


def test_link_answers_as_the_download_does(caller: Caller, shelf: Shelf) -> None:
    """With the same headers and body, for whole, ranged, conditional and HEAD requests; and without a login."""
    job = shelf.done(caller.user, MP3, name="my film.mp4")
    assert job.mp3
    link, path, tag = make(caller, job.id).json()["url"], f"/download/{job.mp3.id}", f'"{job.mp3.id}"'
    for method, headers, status in (
        ("GET", {}, 200),
        ("HEAD", {}, 200),
        ("GET", {"Range": "bytes=300000-300009"}, 206),
        ("GET", {"Range": "bytes=0-9", "If-Range": '"other"'}, 200),
        ("GET", {"If-None-Match": tag}, 304),
        ("GET", {"Range": f"bytes={len(MP3)}-"}, 416),
    ):
        linked, own = follow(caller, link, method, **headers), caller.call(method, path, headers=headers)
        assert linked.status_code == own.status_code == status
        assert without_ids(linked) == without_ids(own)
        if status < 300:
            assert linked.content == own.content
    assert "my film.mp3" in follow(caller, link, "HEAD").headers["Content-Disposition"]


def test_link_dies_with_its_job(caller: Caller, shelf: Shelf) -> None:
    """410 as soon as the owner deletes the job, whether it was followed before or not."""
    job = shelf.done(caller.user, MP3)
    link = make(caller, job.id).json()["url"]
    assert follow(caller, link).content == MP3
    assert caller.call("DELETE", f"/jobs/{job.id}").status_code == 204
    for method in ("GET", "HEAD"):
        assert follow(caller, link, method).status_code == 410
    assert_problem(follow(caller, link), 410)


def test_expired_link_is_410(caller: Caller, shelf: Shelf, secrets: Secrets) -> None:
    keys = LinkKeys(secrets.read("link-keys", "keys"))
    expired = Links(keys, Url("https://gateway.example")).url(Link(shelf.done(caller.user).id), datetime.now(UTC))
    assert_problem(follow(caller, expired), 410)


def test_forged_link_is_404(caller: Caller, shelf: Shelf, url: str) -> None:
    """A changed token, a token of other keys, and an id instead of a token."""
    job = shelf.done(caller.user)
    foreign = Links(LinkKeys("x" * 32), Url("https://gateway.example")).url(Link(job.id), datetime.now(UTC) + DAY)
    for path in (foreign, url[:-5], f"/d/{job.id}", "/d/x", "/d/%00", "/d/" + "a" * 3000):
        assert_problem(follow(caller, path), 404)


def test_only_the_owner_makes_a_link(caller: Caller, stranger: Caller, shelf: Shelf) -> None:
    """Another user's job, a missing one and a malformed id get the same 404."""
    job = shelf.done(caller.user)
    answers = [make(stranger, named) for named in (job.id, ObjectId(), "nonsense")]
    for answer in answers:
        assert_problem(answer, 404)
        assert without_ids(answer) == without_ids(answers[0])
    assert_problem(requests.post(f"{caller.url}/jobs/{job.id}/link", timeout=60), 401)


def test_job_without_an_mp3_is_409(caller: Caller, shelf: Shelf) -> None:
    assert_problem(make(caller, shelf.uploaded(caller.user).id), 409)


@pytest.mark.parametrize(
    "body",
    [
        '{"expires_in": 59}',
        '{"expires_in": 60.5}',
        '{"expires_in": NaN}',
        '{"expires_in": 604801}',
        '{"expires_in": "60"}',
        '{"expires_in": true}',
        "[]",
        "x",
    ],
)
def test_other_lifetimes_are_400(caller: Caller, shelf: Shelf, body: str) -> None:
    answer = caller.call("POST", f"/jobs/{shelf.done(caller.user).id}/link", data=body)
    assert_problem(answer, 400)
    assert "604800" in answer.json()["detail"]


def test_link_counts_as_a_download_of_the_owner(caller: Caller, shelf: Shelf) -> None:
    """With four streams under way the fifth is 429, by the link and by the owner alike."""
    job = shelf.done(caller.user, os.urandom(16 * 1024**2))
    assert job.mp3
    link = make(caller, job.id).json()["url"]
    with ExitStack() as streams:
        for _ in range(4):
            path = caller.url + urlsplit(link).path
            assert streams.enter_context(requests.get(path, stream=True, timeout=60)).status_code == 200
        assert_problem(follow(caller, link), 429)
        assert_problem(caller.call("GET", f"/download/{job.mp3.id}"), 429)
    eventually(lambda: follow(caller, link, Range="bytes=0-9").status_code == 206)


def test_token_of_a_link_is_in_no_log(caller: Caller, url: str, supervisor: Supervisor) -> None:
    """The audit line has the owner and `/d/*`."""
    token = urlsplit(url).path.removeprefix("/d/")
    assert follow(caller, url).status_code == 200
    assert follow(caller, f"{url[:-1]}/{token}").status_code == 404

    def logged() -> str:
        return "".join(file.read_text() for file in Path(supervisor.log).glob("download-*"))

    def line() -> dict[str, object] | None:
        lines = [text for text in logged().splitlines() if caller.user in text and "/d/" in text]
        return json.loads(lines[0]) if lines else None

    record = eventually(line, 10, "the audit line")
    assert record["route"] == "GET /d/*"
    assert token[:-1] not in logged()
