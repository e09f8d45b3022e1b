"""One user's data is invisible to others, and is deleted with the account."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from time import sleep

import pytest

from tests.support.person import Person
from tests.support.problems import without_ids
from tests.support.stacks import RunningStack


@pytest.fixture
def anna(stack: RunningStack) -> Person:
    return Person(stack.url, stack.mail)


@pytest.fixture
def berta(stack: RunningStack) -> Person:
    return Person(stack.url, stack.mail)


def test_foreign_job_is_answered_like_a_missing_one(anna: Person, berta: Person, film_clip: Path) -> None:
    """Berta gets of Anna's job and MP3 the very 404 that an id gets which never was."""
    job = anna.finished(anna.upload(film_clip))
    missing = "0123456789abcdef01234567"
    for method, path, foreign in (
        ("GET", "/jobs/{}", job["id"]),
        ("DELETE", "/jobs/{}", job["id"]),
        ("GET", "/download/{}", job["mp3"]["id"]),
    ):
        answers = [berta.call(method, path.format(which)) for which in (foreign, missing)]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert without_ids(answers[0]) == without_ids(answers[1])
    assert berta.call("GET", "/jobs").json()["jobs"] == []
    assert anna.job(job["id"])["state"] == "done"


def test_each_user_gets_their_own_mail(anna: Person, berta: Person, film_clip: Path, silent_video: Path) -> None:
    """Two people's videos at the same time end in one mail each, to each one's address."""
    jobs = anna.upload(film_clip, "annas.mp4"), berta.upload(silent_video, "bertas.mp4")
    anna.finished(jobs[0])
    berta.finished(jobs[1])
    assert "annas.mp4" in str(anna.first_mail())
    assert "bertas.mp4" in str(berta.first_mail())
    assert (len(anna.mails()), len(berta.mails())) == (1, 1)


def test_token_ends_with_its_session(anna: Person) -> None:
    """After a logout the gateway refuses the token at once, though it has not expired."""
    assert anna.call("GET", "/jobs").status_code == 200
    assert anna.call("POST", "/auth/logout").status_code == 204
    assert anna.call("GET", "/jobs").status_code == 401


def test_deleted_account_leaves_no_data(anna: Person, film_clip: Path) -> None:
    """An account's jobs and files go with it, its token is refused, and its name can be taken again."""
    anna.finished(anna.upload(film_clip))
    assert anna.call("DELETE", "/auth/account", json={"password": anna.password}).status_code == 204
    assert anna.call("GET", "/jobs").status_code == 401
    assert anna.call("POST", "/auth/login", auth=(anna.address, anna.password)).status_code == 401
    account = {"email": anna.address, "password": anna.password}
    assert anna.call("POST", "/auth/register", json=account).status_code == 201
    anna.log_in()
    assert anna.call("GET", "/jobs").json()["jobs"] == []


def test_upload_in_progress_does_not_outlive_its_account(anna: Person, film_clip: Path) -> None:
    """The account is deleted while a body arrives: no 202, no job, no mail."""
    video = film_clip.read_bytes()
    half, gone = Event(), Event()

    def body() -> Iterator[bytes]:
        yield video[:-1]
        half.set()
        gone.wait(60)
        yield video[-1:]

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(anna.call, "PUT", "/upload?name=film.mp4", data=body())
        assert half.wait(30)
        assert anna.call("DELETE", "/auth/account", json={"password": anna.password}).status_code == 204
        gone.set()
        assert answer.result().status_code == 401
    sleep(3)  # an MP3 and its mail took one
    assert anna.mails() == []
