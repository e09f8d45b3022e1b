"""The short form: each process between a video and its mail is killed once; deliveries repeat, overtake, get lost."""

import time
from collections import Counter

import pytest

from tests.chaos import verdict
from tests.chaos.crowd import Crowd
from tests.chaos.killer import VITAL, Killer
from tests.chaos.unruly import MOST, unruly
from tests.support.stacks import RunningStack


@pytest.mark.timeout(600)
def test_killed_processes_lose_and_duplicate_nothing(stack: RunningStack, crowd: Crowd, seed: int) -> None:
    """Each of 20 uploads ends in one whole MP3 and one mail (one more per kill of notify at most), while one process
    after the other is killed; after a sweep nothing else is left.
    """
    killer = Killer(stack, VITAL, seed)
    uploads = crowd.begin(20, every=1.2)
    killer.kill_until(uploads.done)
    uploads.result()
    kills = killer.kills
    found = verdict.reach(
        stack, crowd, killer.last, kills=kills.total(), repeats=kills["notify"], resent=kills["webhook"]
    )
    print(found, crowd.refused)
    assert found.broken == []


@pytest.mark.timeout(400)
def test_unruly_deliveries_change_nothing(stack: RunningStack, crowd: Crowd, seed: int) -> None:
    """Of some fifty deliveries half are repeated, and some overtaken or not acknowledged: each of 20 uploads ends in
    one MP3 and one mail.
    """
    with unruly(stack, MOST, seed) as proxies:
        crowd.begin(20, every=0).result()
        found = verdict.reach(stack, crowd, time.monotonic())
    deliveries = sum((proxy.counts for proxy in proxies), Counter[str]())
    print(found, deliveries)
    assert found.broken == []
    assert deliveries.keys() == set(MOST)
