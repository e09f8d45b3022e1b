"""One user's journey: a video in, its MP3 out, through the gateway alone."""

import subprocess
from pathlib import Path

import pytest

from tests.support.person import Person
from tests.support.stacks import RunningStack
from tests.support.waiting import eventually

# Headers that make a browser save an MP3, cache it for this user only, and treat it as nothing but audio.
HEADERS = {
    "Content-Type": "audio/mpeg",
    "Content-Disposition": "attachment; filename=bigbuckbunny.mp3",
    "Cache-Control": "private",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Server": "nginx",
}


@pytest.fixture
def person(stack: RunningStack) -> Person:
    return Person(stack.url, stack.mail)


def seconds_of(audio: bytes, folder: Path) -> float:
    path = folder / "downloaded.mp3"
    path.write_bytes(audio)
    show = ["ffprobe", "-v", "error", "-show_entries", "format=duration,format_name", "-of", "csv=p=0", str(path)]
    kind, seconds = subprocess.run(show, check=True, capture_output=True, text=True).stdout.strip().split(",")
    assert kind == "mp3"
    return float(seconds)


def test_film_clip_becomes_an_mp3_with_a_mail(person: Person, film_clip: Path, tmp_path: Path) -> None:
    """A real film clip is converted, mailed by its MP3's id and downloaded whole, as long as the film's sound."""
    job = person.finished(person.upload(film_clip))
    assert job["state"] == "done"
    assert job["progress"] == 1
    text = person.first_mail().get_body(("plain",))
    assert text is not None
    assert job["mp3"]["id"] in text.get_content()
    assert film_clip.name in text.get_content()
    download = person.call("GET", f"/download/{job['mp3']['id']}")
    assert download.status_code == 200
    assert len(download.content) == job["mp3"]["size"]
    assert HEADERS.items() <= {**download.headers}.items()
    assert seconds_of(download.content, tmp_path) == pytest.approx(5.3, abs=0.1)
    assert job["mp3"]["duration"] == pytest.approx(5.3, abs=0.1)


def test_options_go_from_the_form_to_the_mp3_and_to_the_mail(person: Person, film_clip: Path, tmp_path: Path) -> None:
    options = {"quality": "64k", "channels": "mono", "start": "1", "end": "3.5", "title": "Bunny"}
    with film_clip.open("rb") as file:
        answer = person.call("POST", "/upload", data=options, files={"file": (film_clip.name, file)})
    job = person.finished(answer.json()["id"])
    assert job["options"] == options
    download = person.call("GET", f"/download/{job['mp3']['id']}")
    assert seconds_of(download.content, tmp_path) == pytest.approx(2.5, abs=0.1)
    assert job["mp3"]["duration"] == 2.5
    assert "Bunny".encode("utf-16-le") in download.content[:1000]
    text = person.first_mail().get_body(("plain",))
    assert text is not None
    assert "quality=64k" in text.get_content()


def test_unknown_option_is_refused_with_those_that_there_are(person: Person, film_clip: Path) -> None:
    with film_clip.open("rb") as body:
        answer = person.call("PUT", "/upload?name=a.mp4&bitrate=64k", data=body)
    assert answer.status_code == 422
    assert "`bitrate`" in answer.json()["detail"]
    assert "quality" in answer.json()["detail"]


def test_each_upload_is_mailed_once(person: Person, film_clip: Path) -> None:
    """The same video uploaded twice is two jobs with a mail each; with one `Idempotency-Key` it is one."""
    for _ in range(2):
        person.finished(person.upload(film_clip))
    headers = {"Idempotency-Key": "holiday"}
    answers = []
    for _ in range(2):
        with film_clip.open("rb") as body:
            answers.append(person.call("PUT", "/upload?name=holiday.mp4", data=body, headers=headers).json())
    assert answers[0] == answers[1]
    person.finished(answers[0]["id"])
    eventually(lambda: len(person.mails()) == 3 or None, what="the third mail")
    assert len({message["Message-ID"] for message in person.mails()}) == 3


def test_video_without_sound_ends_with_a_mail_that_names_the_reason(person: Person, silent_video: Path) -> None:
    """A video without an audio track fails with `no_audio`, and its mail repeats the reason."""
    job = person.finished(person.upload(silent_video))
    assert job["state"] == "failed"
    assert job["reason"]["code"] == "no_audio"
    assert job["mp3"] is None
    text = person.first_mail().get_body(("plain",))
    assert text is not None
    assert job["reason"]["message"] in " ".join(text.get_content().split())


def test_text_named_mp4_is_not_a_video(person: Person, tmp_path: Path) -> None:
    """A text under a video's name fails with `not_a_video`, mailed too."""
    text = tmp_path / "notes.mp4"
    text.write_text("Dear diary, this is no film.\n" * 100)
    job = person.finished(person.upload(text))
    assert (job["state"], job["reason"]["code"]) == ("failed", "not_a_video")
    assert person.first_mail()["To"] == person.address


def test_bad_video_delays_no_other_job(person: Person, silent_video: Path, film_clip: Path) -> None:
    """After a video without sound the next one is converted as ever."""
    bad, good = person.upload(silent_video), person.upload(film_clip)
    assert person.finished(bad)["state"] == "failed"
    assert person.finished(good)["state"] == "done"


def test_range_of_the_mp3_can_be_downloaded(person: Person, film_clip: Path) -> None:
    """A range of the MP3 passes the gateway as 206, a known ETag as 304."""
    job = person.finished(person.upload(film_clip))
    path = f"/download/{job['mp3']['id']}"
    whole = person.call("GET", path)
    part = person.call("GET", path, headers={"Range": "bytes=1000-1999"})
    assert part.status_code == 206
    assert part.content == whole.content[1000:2000]
    assert person.call("GET", path, headers={"If-None-Match": whole.headers["ETag"]}).status_code == 304


def test_deleted_job_leaves_no_files(person: Person, film_clip: Path) -> None:
    """A deleted job is gone from the list, and its MP3 with it."""
    job = person.finished(person.upload(film_clip))
    assert person.call("DELETE", f"/jobs/{job['id']}").status_code == 204
    assert person.call("GET", f"/jobs/{job['id']}").status_code == 404
    assert person.call("GET", f"/download/{job['mp3']['id']}").status_code == 404
    assert person.call("GET", "/jobs").json()["jobs"] == []
