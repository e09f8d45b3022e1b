"""MongoDB as a replica set whose primary dies in mid-work: `make test-chaos-long`."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from functions.shared.job.document import FINAL
from scripts.local.ports import free_port
from tests.chaos import report, verdict
from tests.chaos.clips import Clip
from tests.chaos.crowd import Crowd
from tests.chaos.replica_set import ReplicaSet, ReplicatedStack
from tests.support.clips import Clips
from tests.support.person import Person
from tests.support.stacks import RunningStack
from tests.support.store import Store
from tests.support.waiting import eventually

REPLICATED = 2  # seconds, in which the secondaries have what the primary has


@pytest.fixture
def replicated(state: Path) -> Iterator[RunningStack]:
    """A stack of its own."""
    folder = state / "replicated"
    stack = ReplicatedStack(folder, folder / "mail", free_port())
    stack.start(print)
    yield RunningStack(stack)
    stack.stop()


@pytest.fixture
def crowd(replicated: RunningStack, videos: list[Clip]) -> Iterator[Crowd]:
    crowd = Crowd(replicated, videos)
    yield crowd
    crowd.close()


def ended(person: Person, job: str) -> str:
    """Return the job's state at its end; until then a question may be answered with 503, as in an election."""

    def look() -> str | None:
        answer = person.call("GET", f"/jobs/{job}")
        return answer.json()["state"] if answer.ok and answer.json()["state"] in FINAL else None

    return eventually(look, 120, f"the end of job {job}")


@pytest.mark.timeout(600)
def test_killed_primary_costs_no_upload_and_no_attempt(replicated: RunningStack, crowd: Crowd, tmp_path: Path) -> None:
    """With an election timeout of 2 s an upload in progress is accepted and a conversion succeeds in its first attempt,
    while a crowd uploads; every job ends once and is mailed once. An upload whose chunks die with the primary, which
    acknowledges them before they are replicated, may have its 503: the crowd retries.
    """
    members = ReplicaSet(replicated)
    store, person = Store(replicated.secrets, replicated.mail), Person(replicated.url, replicated.mail)
    clip = Clips(tmp_path).long()
    uploads = crowd.begin(40, every=0.5)

    video, down = clip.read_bytes(), []

    def body() -> Iterator[bytes]:
        yield video[: len(video) // 2]
        time.sleep(REPLICATED)
        down.append(members.kill_primary())
        yield video[len(video) // 2 :]

    answer = person.call("PUT", "/upload?name=long.wav", data=body())
    assert answer.status_code == 202, answer.text
    members.bring_back(down[0])
    first = str(answer.json()["id"])
    assert ended(person, first) == "done"

    second = person.upload(clip)
    eventually(lambda: store.jobs_of({person.user})[second].get("progress"), 120, "a conversion at work", every=0.02)
    name = members.kill_primary()
    killed = datetime.now(UTC)
    assert ended(person, second) == "done"
    members.bring_back(name)
    back = time.monotonic()
    job = store.jobs_of({person.user})[second]
    assert job["tries"] == 1
    assert job["finished"] > killed

    uploads.result()
    found = verdict.reach(replicated, crowd, max(back, crowd.last), kills=2)
    report.write("a replica set's primary killed twice", found)
    assert found.broken == []
    eventually(lambda: len({mail["Message-ID"] for mail in person.mails()}) == 2, 60, "two mails")
    assert len(person.mails()) == 2
