"""Conversions are shared by user, with real pods and Knative's own broker."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from tests.support.kubectl import nothing_under_way, service
from tests.support.visitors import Visitor
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(900)

LONG = 12


def test_clip_waits_for_one_conversion_of_another_user_at_most(
    anna: Visitor, berta: Visitor, half_an_hour: Path, film_clip: Path
) -> None:
    """Anna's twelve videos of half an hour wait or are being converted: Berta's clip is next, and all of them end."""
    annotations = service("convert")["spec"]["template"]["metadata"]["annotations"]
    converters = int(annotations["autoscaling.knative.dev/max-scale"])
    with ThreadPoolExecutor(4) as pool:
        jobs = list(pool.map(anna.upload, [half_an_hour] * LONG))

    def ended() -> int:
        return sum(anna.job(job)["state"] in {"done", "failed"} for job in jobs)

    clip = berta.upload(film_clip)
    before = ended()
    assert LONG - before > 2 * converters, "Anna's videos are too short for this test"
    assert berta.finished(clip, 300)["state"] == "done"
    assert ended() - before <= converters  # those that had begun before
    for job in jobs:
        eventually(partial(anna.mails_about, job), 400, "the mail", every=1)
    eventually(nothing_under_way, 60, "the end of all events", every=1)
    assert {anna.job(job)["state"] for job in jobs} == {"done"}
    assert [len(anna.mails_about(job)) for job in jobs] == [1] * LONG
