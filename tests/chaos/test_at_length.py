"""The long form (`make test-chaos-long`): processes die again and again, each server is away, a disk is full."""

import random
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from scripts.local.ports import free_port
from scripts.local.stack import Stack
from tests.chaos import report, verdict
from tests.chaos.clips import Clip
from tests.chaos.crowd import Crowd
from tests.chaos.killer import WITNESSES, Killer
from tests.chaos.unruly import SOME, unruly
from tests.support.clips import Clips
from tests.support.person import Person
from tests.support.stacks import RunningStack
from tests.support.store import Store
from tests.support.waiting import eventually

AT_ONCE = 8  # mails, and messages to webhooks, being sent: those that could not be recorded in time are sent twice
MIB = 1 << 20
DISK = 512 * MIB


@pytest.fixture
def person(stack: RunningStack) -> Person:
    return Person(stack.url, stack.mail)


@pytest.mark.timeout(1500)
def test_killed_processes_lose_and_duplicate_nothing(stack: RunningStack, crowd: Crowd, seed: int) -> None:
    """Each of 500 uploads ends in one whole MP3 and one mail (one more per kill of notify at most), while every process
    is killed in turn, one every 3 s; after a sweep nothing else is left.
    """
    killer = Killer(stack, sorted(stack.pids().keys() - WITNESSES), seed)
    uploads = crowd.begin(500, every=1)
    killer.kill_until(uploads.done)
    uploads.result()
    kills = killer.kills
    found = verdict.reach(
        stack, crowd, killer.last, kills=kills.total(), repeats=kills["notify"], resent=kills["webhook"]
    )
    fewest, most = min(killer.kills.values()), max(killer.kills.values())
    each = f"{len(killer.kills)} processes, each killed {fewest} to {most} times"
    detail = f"with CHAOS_SEED={seed}: {each}; retried after: {_listed(crowd.refused)}"
    report.write("every process killed in turn", found, detail)
    assert found.broken == []


@pytest.mark.timeout(900)
def test_unruly_deliveries_change_nothing(stack: RunningStack, crowd: Crowd, seed: int) -> None:
    """Of more than 1000 deliveries a tenth is repeated, a tenth overtaken, a twentieth not acknowledged: each of 500
    uploads ends in one MP3 and one mail.
    """
    with unruly(stack, SOME, seed) as proxies:
        crowd.begin(500, every=0).result()
        found = verdict.reach(stack, crowd, time.monotonic(), final=600)
    deliveries = sum((proxy.counts for proxy in proxies), Counter[str]())
    report.write("unruly deliveries", found, f"with CHAOS_SEED={seed}: {_listed(deliveries)}")
    assert found.broken == []
    assert deliveries.total() > 1000
    assert deliveries.keys() == set(SOME)


@pytest.mark.timeout(600)
def test_uploads_need_no_broker(stack: RunningStack, crowd: Crowd) -> None:
    """All of 100 uploads get their 202 while RabbitMQ is unavailable for a minute, and each is mailed afterwards."""
    with stack.away("rabbitmq"):
        end = time.monotonic() + 60
        crowd.begin(100, every=0.2).result()
        time.sleep(max(0, end - time.monotonic()))
    found = verdict.reach(stack, crowd, time.monotonic())
    report.write("RabbitMQ away for 60 s", found)
    assert found.broken == []
    assert crowd.refused.total() == 0


@pytest.mark.timeout(600)
@pytest.mark.parametrize("server", ["mongodb", "mysql"])
def test_unavailable_store_is_503_and_loses_nothing(stack: RunningStack, crowd: Crowd, server: str) -> None:
    """While it is unavailable for 30 s every request gets a 503 with `Retry-After` within 11 s; accepted jobs and
    retried uploads end as usual.
    """
    uploads = crowd.begin(60, every=0.7)
    eventually(lambda: len(crowd.accepted) > 10, 60, "some uploads")
    with stack.away(server):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            before = crowd.refused["503"]
            crowd.ask("/jobs")
            assert crowd.refused["503"] > before
            time.sleep(1)
    back = time.monotonic()
    uploads.result()
    found = verdict.reach(stack, crowd, max(back, crowd.last), repeats=AT_ONCE, resent=AT_ONCE)
    report.write(f"{server} away for 30 s", found)
    assert found.broken == []
    assert crowd.refused.keys() == {"503"}


@pytest.mark.timeout(600)
def test_mails_wait_for_the_mail_server(stack: RunningStack, crowd: Crowd) -> None:
    """With the mail server unavailable for a minute every job ends, and gets one mail afterwards."""
    with stack.away("mail"):
        end = time.monotonic() + 60
        crowd.begin(20, every=0.5).result()
        time.sleep(max(0, end - time.monotonic()))
    found = verdict.reach(stack, crowd, time.monotonic())
    report.write("mail server away for 60 s", found)
    assert found.broken == []


@pytest.mark.timeout(600)
def test_file_that_kills_convert_is_given_up(stack: RunningStack, person: Person, crowd: Crowd, tmp_path: Path) -> None:
    """After three attempts that kill the function its owner gets a mail; the next job after each attempt is served
    before the next attempt.
    """
    store, delays = Store(stack.secrets, stack.mail), []
    began = time.monotonic()
    job = person.upload(Clips(tmp_path).long())
    for number in (1, 2, 3):
        eventually(partial(_at_work, store, person, job, number), 120, f"attempt {number}", every=0.02)
        stack.kill("convert")
        killed, before = time.monotonic(), len(crowd.accepted)
        crowd.begin(1, every=0).result()
        other, upload = list(crowd.accepted.items())[before]
        upload.person.finished(other, 25)  # the next attempt comes after 30 s at the earliest
        delays.append(time.monotonic() - killed)
    assert person.finished(job, 120)["reason"]["code"] == "gave_up"
    eventually(lambda: person.mails_about(job), 60, "the mail")
    seconds = time.monotonic() - began
    found = verdict.reach(stack, crowd, killed)
    detail = f"its failure's mail came after {seconds:.0f} s; a video uploaded right after a kill had its end "
    report.write("a file that kills convert", found, f"{detail}{max(delays):.0f} s after it at most")
    assert found.broken == []
    assert len(person.mails_about(job)) == 1


@pytest.fixture
def small_disk(state: Path) -> Iterator[RunningStack]:
    """A stack of its own, whose MongoDB is on a small disk."""
    folder = state / "small-disk"
    data = folder / "data/mongodb"
    data.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(data)], check=True)
    stack = Stack(folder, folder / "mail", free_port())
    try:
        stack.start(print)
        yield RunningStack(stack)
    finally:
        stack.stop()
        subprocess.run(["umount", "--lazy", str(data)], check=True)


@pytest.mark.timeout(600)
def test_mongodb_with_a_full_disk_loses_nothing(small_disk: RunningStack, state: Path, videos: list[Clip]) -> None:
    """While the disk is full every request gets a 503; once there is space, all jobs end without intervention."""
    data, crowd = state / "small-disk/data/mongodb", Crowd(small_disk, videos)
    uploads = crowd.begin(40, every=0.5)
    eventually(lambda: len(crowd.accepted) > 8, 60, "some uploads")
    ballast = data / "ballast"
    ballast.write_bytes(bytes(shutil.disk_usage(data).free - MIB))
    for _ in range(5):
        assert crowd.ask("/upload?name=noise.mp4", random.randbytes(100 * MIB)) is None
    ballast.unlink()
    since = time.monotonic()
    uploads.result()
    found = verdict.reach(small_disk, crowd, max(since, crowd.last), repeats=AT_ONCE, resent=AT_ONCE)
    crowd.close()
    report.write("MongoDB's disk full", found)
    assert found.broken == []


def _at_work(store: Store, person: Person, job: str, attempt: int) -> bool:
    found = store.jobs_of({person.user})[job]
    return bool(found["tries"] == attempt and found["progress"] > 0)


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in sorted(counts.items())) or "none"
