"""The work of a killed pod is repeated, with one result."""

import time
from functools import partial
from pathlib import Path

import pytest

from tests.cluster.store import attempts, mp3s
from tests.support.kubectl import function_pods, kubectl, nothing_under_way, running
from tests.support.visitors import Visitor
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(900)


def test_killed_conversion_is_repeated_with_one_mp3_and_one_mail(
    anna: Visitor, half_an_hour: Path, figures: dict[str, str]
) -> None:
    """After convert's pod is killed during a conversion, the job is done with one MP3 and one mail."""
    before = mp3s()
    job = anna.upload(half_an_hour)
    eventually(lambda: anna.job(job)["progress"] > 0.1, 120, "a tenth of the conversion")
    for pod in running(function_pods("convert")):
        kubectl("delete", "pod", pod["metadata"]["name"], "--force", "--grace-period=0")
    assert anna.job(job)["state"] == "converting"
    start = time.monotonic()
    ended = anna.finished(job, 400)
    figures["converter killed to job done"] = f"{time.monotonic() - start:6.1f} s"
    assert ended["state"] == "done"
    assert attempts(job) == 2
    assert ended["mp3"]["duration"] == pytest.approx(1800, rel=0.02)
    eventually(partial(anna.mails_about, job), 120, "the mail")
    eventually(nothing_under_way, 120, "the end of all events", every=1)
    assert mp3s() - before == {ended["mp3"]["id"]}
    assert len(anna.mails_about(job)) == 1
