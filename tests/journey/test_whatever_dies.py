"""The stack under faults, in short: what dies comes back, what was accepted ends."""

import os
import signal
import time
from functools import partial
from pathlib import Path

import pytest

from tests.support.person import Person
from tests.support.stacks import RunningStack
from tests.support.waiting import eventually


@pytest.fixture
def person(stack: RunningStack) -> Person:
    return Person(stack.url, stack.mail)


def is_back(stack: RunningStack, name: str, killed: int) -> bool:
    return stack.pids()[name] not in {0, killed}


@pytest.mark.timeout(240)
def test_rabbitmq_restart_loses_no_video(stack: RunningStack, person: Person, film_clip: Path) -> None:
    """Videos uploaded before, while and after RabbitMQ restarts all end in one mail each."""
    jobs = [person.upload(film_clip) for _ in range(3)]
    stack.kill("rabbitmq")
    jobs += [person.upload(film_clip) for _ in range(3)]
    stack.wait_for("rabbitmq")
    eventually(partial(all_mailed, stack, person, len(jobs)), 200, "six mails")
    assert [person.job(job)["state"] for job in jobs] == ["done"] * 6
    assert len(person.mails()) == 6


def all_mailed(stack: RunningStack, person: Person, count: int) -> bool:
    stack.wake_sweeper()
    time.sleep(1)
    return len(person.mails()) >= count


@pytest.mark.timeout(300)
def test_killed_process_is_restarted(stack: RunningStack, person: Person, film_clip: Path) -> None:
    """All processes, killed at once and once more, are back within seconds under new pids, and the system works."""
    for _ in range(2):
        killed = stack.pids()
        for pid in killed.values():
            os.kill(pid, signal.SIGKILL)
        for name, pid in killed.items():
            eventually(partial(is_back, stack, name, pid), 15, name)
        for name in killed:
            stack.wait_for(name)
    eventually(partial(works, person, film_clip), 60, "a video converted as ever")


def works(person: Person, video: Path) -> bool:
    """Whether a video is taken and converted at once, without the sweeper's help."""
    answer = person.call("PUT", f"/upload?name={video.name}", data=video.read_bytes())
    end = time.monotonic() + 5
    while answer.status_code == 202 and time.monotonic() < end:
        if person.job(answer.json()["id"])["state"] == "done":
            return True
        time.sleep(0.1)
    return False
