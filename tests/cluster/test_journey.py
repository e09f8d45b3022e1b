"""A user's requests, through the gateway and by the Knative routes."""

from functools import partial
from pathlib import Path

import pytest

from tests.support.problems import without_ids
from tests.support.visitors import Direct, Visitor
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(params=["gateway", "routes"])
def person(request: pytest.FixtureRequest, anna: Visitor, direct: Direct) -> Visitor:
    return {"gateway": anna, "routes": direct}[request.param]


def test_film_clip_is_converted_and_the_mail_has_the_mp3_id(person: Visitor, film_clip: Path) -> None:
    """A film clip is converted, its mail has the MP3's id, the MP3 is downloaded, and the job can be deleted."""
    job = person.finished(person.upload(film_clip), 120)
    assert job["state"] == "done"
    assert job["mp3"]["duration"] == pytest.approx(5.3, abs=0.1)
    (mail,) = eventually(partial(person.mails_about, job["id"]), 120, "the mail")
    text = mail.get_body(("plain",))
    assert text is not None
    assert job["mp3"]["id"] in text.get_content()
    path = f"/download/{job['mp3']['id']}"
    download = person.call("GET", path)
    assert download.status_code == 200
    assert len(download.content) == job["mp3"]["size"]
    assert person.call("DELETE", f"/jobs/{job['id']}").status_code == 204
    assert person.call("GET", f"/jobs/{job['id']}").status_code == 404
    assert person.call("GET", path).status_code == 404


def test_video_without_sound_is_mailed_as_failed(person: Visitor, silent_video: Path) -> None:
    """A video without an audio track fails with `no_audio`, and its mail repeats the reason."""
    job = person.finished(person.upload(silent_video), 120)
    assert (job["state"], job["reason"]["code"]) == ("failed", "no_audio")
    (mail,) = eventually(partial(person.mails_about, job["id"]), 120, "the mail")
    text = mail.get_body(("plain",))
    assert text is not None
    assert job["reason"]["message"] in " ".join(text.get_content().split())


def test_job_of_another_user_looks_like_a_missing_one(person: Visitor, berta: Visitor, film_clip: Path) -> None:
    """For Berta's job and MP3 another user gets the same 404 as for an id that does not exist."""
    job = berta.finished(berta.upload(film_clip), 120)
    missing = "0123456789abcdef01234567"
    for method, path, foreign in (
        ("GET", "/jobs/{}", job["id"]),
        ("DELETE", "/jobs/{}", job["id"]),
        ("GET", "/download/{}", job["mp3"]["id"]),
    ):
        answers = [person.call(method, path.format(which)) for which in (foreign, missing)]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert without_ids(answers[0])[2] == without_ids(answers[1])[2]
    assert berta.job(job["id"])["state"] == "done"


def test_every_route_without_a_token_answers_401(person: Visitor) -> None:
    """The gateway and a function's own route answer 401 without a token."""
    token = person.http.headers.pop("Authorization")
    try:
        for method, path in (("GET", "/jobs"), ("POST", "/upload"), ("GET", "/download/0123456789abcdef01234567")):
            assert person.call(method, path).status_code == 401
    finally:
        person.http.headers["Authorization"] = token
