import os
import time
from collections.abc import Iterator

import pytest
from cloudevents.http import CloudEvent

from functions.shared.media import CHUNK
from scripts.local.secrets import Secrets
from tests.integration.upload.store import Store
from tests.support.callers import Caller, newcomer
from tests.support.ingress import Ingress
from tests.support.waiting import eventually

NAMES = ["clip.mp4", "Gespräch ½ 3.mov", 'say "cheese".mp4', "映画.mkv", "50 % off; really.avi", "-rf.mp4", "🎬.webm"]


def test_form_becomes_a_job(caller: Caller, store: Store) -> None:
    """The form's file is stored unchanged, and the answer is its job, with its URL in `Location`."""
    video = os.urandom(3 * CHUNK + 1)
    answer = caller.call("POST", "/upload", files={"file": ("clip.mp4", video)})
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["Location"] == f"/jobs/{job['id']}"
    expected = {"name": "clip.mp4", "size": len(video), "state": "uploaded", "progress": 0.0, "reason": None}
    expected["options"] = {}
    assert expected.items() <= job.items()
    assert job["mp3"] is None
    assert job.keys() == {*expected, "id", "mp3", "created", "video_kept_until"}
    assert store.video(job["id"]) == video
    (stored,) = store.jobs(caller.user)
    assert stored["email"] == f"{caller.user}@people.example"


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("content_type", ["video/mp4", "application/x-www-form-urlencoded", "nonsense"])
def test_raw_body_becomes_a_job(caller: Caller, store: Store, method: str, content_type: str) -> None:
    """With any content type; the name is in the query."""
    video = os.urandom(CHUNK)
    answer = caller.call(
        method, "/upload", params={"name": "a&b=c.mp4"}, data=video, headers={"Content-Type": content_type}
    )
    assert answer.status_code == 202, answer.text
    assert answer.json()["name"] == "a&b=c.mp4"
    assert store.video(answer.json()["id"]) == video


def test_chunked_body_becomes_a_job(caller: Caller, store: Store) -> None:
    """A body without a length is read to its end."""
    pieces = [os.urandom(size) for size in (1, 70_000, CHUNK, 2_000_000)]

    def body() -> Iterator[bytes]:
        yield from pieces

    answer = caller.call("PUT", "/upload?name=chunked.mp4", data=body())
    assert answer.status_code == 202, answer.text
    assert store.video(answer.json()["id"]) == b"".join(pieces)


@pytest.mark.parametrize("name", NAMES)
def test_name_is_stored_unchanged(caller: Caller, name: str) -> None:
    """Any displayable name, in a form and in a query."""
    raw = caller.call("POST", "/upload", params={"name": name}, data=b"video")
    form = caller.call("POST", "/upload", files={"file": (name, b"video")})
    assert (raw.status_code, form.status_code) == (202, 202)
    assert raw.json()["name"] == form.json()["name"] == name


def test_event_is_published_after_the_job_is_stored(caller: Caller, store: Store, broker: Ingress) -> None:
    """The event has the documented attributes, and its job exists when it arrives."""
    found: dict[str, int] = {}

    def look(event: CloudEvent) -> None:
        found[event["subject"]] = len(store.jobs(caller.user))

    with broker.calling(look):
        job = caller.call("POST", "/upload?name=clip.mp4", data=b"video").json()["id"]
        (event,) = eventually(lambda: broker.about(job), 5, "the event")
    assert found[job] == 1
    assert event["id"] == f"{job}.uploaded"
    assert event["type"] == "video2mp3.video.uploaded.v1"
    assert event["source"] == "/functions/upload"
    assert event.data == {"job": job}


def test_answer_does_not_wait_for_the_broker(caller: Caller, broker: Ingress) -> None:
    """A broker that does not answer does not delay the 202."""
    with broker.silent():
        began = time.monotonic()
        answer = caller.call("POST", "/upload?name=clip.mp4", data=b"video")
        assert answer.status_code == 202
        assert time.monotonic() - began < 2


def test_refusing_broker_changes_no_answer(caller: Caller, broker: Ingress) -> None:
    """The function logs a warning and continues."""
    with broker.refusing():
        assert caller.call("POST", "/upload?name=clip.mp4", data=b"video").status_code == 202
        assert caller.call("POST", "/upload?name=clip.mp4", data=b"video").status_code == 202


def test_job_belongs_to_the_tokens_user(caller: Caller, store: Store, upload: str, secrets: Secrets) -> None:
    other = newcomer(upload, secrets)
    caller.call("POST", "/upload?name=mine.mp4", data=b"mine")
    other.call("POST", "/upload?name=yours.mp4", data=b"yours")
    assert [job["name"] for job in store.jobs(caller.user)] == ["mine.mp4"]
    assert [job["name"] for job in store.jobs(other.user)] == ["yours.mp4"]
