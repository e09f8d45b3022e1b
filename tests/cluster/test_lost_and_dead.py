"""Events that are refused or lost: dead letters, their replay, and sweep."""

import time
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from tests.cluster.store import code_of_dead_letter
from tests.cluster.subscriber import in_place_of_convert
from tests.support.kubectl import function_pods, get, is_true, kubectl, nothing_under_way
from tests.support.visitors import Visitor
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(900)


def replay() -> str:
    """Replay all dead letters, as `make replay` does, and return its output."""
    job = f"job/test-replay-{uuid4().hex[:8]}"
    kubectl("create", "job", job.removeprefix("job/"), "--from=cronjob/replay")
    try:
        eventually(lambda: is_true(get(job), "Complete"), 120, job, every=1)
        return kubectl("logs", job)
    finally:
        kubectl("delete", job, "--wait=false")


def test_refused_event_is_a_dead_letter_until_it_is_replayed(
    anna: Visitor, film_clip: Path, figures: dict[str, str]
) -> None:
    """deadletter stores an event refused six times with 503; after its replay the video is mailed once."""
    with in_place_of_convert(503) as subscriber:
        start = time.monotonic()
        job = anna.upload(film_clip)
        assert code_of_dead_letter(job) == "503"
        figures["event refused until it is a dead letter"] = f"{time.monotonic() - start:6.1f} s"
        assert subscriber.deliveries(job) >= 6
        assert anna.job(job)["state"] == "uploaded"
        (line,) = [line for line in replay().splitlines() if line.startswith(f"{job}.uploaded")]
        assert subscriber.name in line
        assert "its job will be converted again" in line
    assert anna.finished(job, 300)["state"] == "done"
    eventually(partial(anna.mails_about, job), 120, "the mail")
    # sweep may have republished the event in the meantime, which was refused again: a dead letter with nothing to do.
    eventually(lambda: nothing_under_way() and "0 replayed" in replay(), 180, "an end of dead letters", every=1)
    assert len(anna.mails_about(job)) == 1


def test_sweep_republishes_a_lost_event(anna: Visitor, film_clip: Path, figures: dict[str, str]) -> None:
    """A subscriber accepts the event and does nothing. After sweep's next call the video is converted and mailed."""
    with in_place_of_convert(200) as subscriber:
        start = time.monotonic()
        job = anna.upload(film_clip)
        eventually(lambda: subscriber.deliveries(job), 60, "the event's loss")
    assert anna.finished(job, 300)["state"] == "done"
    figures["event lost to job done"] = f"{time.monotonic() - start:6.1f} s"
    eventually(partial(anna.mails_about, job), 120, "the mail")
    eventually(nothing_under_way, 60, "the end of all events", every=1)
    assert len(anna.mails_about(job)) == 1


def test_sweep_scales_to_zero_between_its_calls(figures: dict[str, str]) -> None:
    """sweep's pod starts within 75 s and is terminated before the next call, twice."""
    for _ in range(2):
        eventually(lambda: not function_pods("sweep"), 75, "no sweeper", every=0.5)
        eventually(lambda: function_pods("sweep"), 75, "the sweeper", every=0.5)
        start = time.monotonic()
        eventually(lambda: not function_pods("sweep"), 55, "the sweeper's end", every=0.5)
        figures["a sweeper's pod lasts"] = f"{time.monotonic() - start:6.1f} s"
