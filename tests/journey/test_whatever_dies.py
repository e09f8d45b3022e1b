"""The stack under faults, in short: what dies comes back, what was accepted ends."""

import os
import signal
from functools import partial
from pathlib import Path

import pytest

from tests.person import Person, eventually
from tests.stacks import RunningStack


@pytest.fixture
def person(stack: RunningStack) -> Person:
    return Person(stack.url, stack.mail)


def is_back(stack: RunningStack, name: str, killed: int) -> bool:
    return stack.pids()[name] not in {0, killed}


@pytest.mark.timeout(240)
def test_rabbitmq_restarting_in_mid_way_loses_no_video(stack: RunningStack, person: Person, film_clip: Path) -> None:
    """Videos uploaded before, while and after RabbitMQ restarts all end in one mail each."""
    jobs = [person.upload(film_clip) for _ in range(3)]
    stack.kill("rabbitmq")
    jobs += [person.upload(film_clip) for _ in range(3)]
    states = [person.finished(job, 200)["state"] for job in jobs]
    assert states == ["done"] * 6
    eventually(lambda: len(person.mails()) >= 6 or None, 200, "six mails")
    assert len(person.mails()) == 6


@pytest.mark.timeout(300)
def test_whatever_is_killed_is_started_again(stack: RunningStack, person: Person, film_clip: Path) -> None:
    """Every process, killed twice, is back within seconds under a new pid, and the system works afterwards."""
    for _ in range(2):
        for name, pid in stack.pids().items():
            os.kill(pid, signal.SIGKILL)
            eventually(partial(is_back, stack, name, pid), 15, name)
    job = eventually(partial(accepted, person, film_clip), 60, "an accepted upload")
    assert person.finished(job, 200)["state"] == "done"
    person.first_mail(200)


def accepted(person: Person, video: Path) -> str | None:
    answer = person.call("PUT", f"/upload?name={video.name}", data=video.read_bytes())
    return answer.json()["id"] if answer.status_code == 202 else None
