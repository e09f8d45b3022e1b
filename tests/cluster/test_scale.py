"""Scale from zero, to zero, and out to the limit."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from tests.support.kubectl import function_pods, nothing_under_way, running, service
from tests.support.visitors import Visitor
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(900)

AT_ZERO = 240  # seconds; Knative looks at a minute's load before it takes a pod away


def all_at_zero() -> bool:
    """Whether there is no pod but those that are being ended, which get no request any more.

    One that was told to end as it had just started may take its whole grace period: a program that is the first of its
    container does not hear of SIGTERM before it asks for it.
    """
    return all("deletionTimestamp" in pod["metadata"] for pod in function_pods())


def seconds_since(start: float) -> str:
    return f"{time.monotonic() - start:6.1f} s"


def test_one_upload_scales_all_from_zero_and_all_return_to_zero(
    anna: Visitor, film_clip: Path, figures: dict[str, str]
) -> None:
    """Without a pod of any function, an upload leads to its mail; then all pods are terminated."""
    eventually(all_at_zero, AT_ZERO, "zero", every=0.5)
    start = time.monotonic()
    job = anna.upload(film_clip)
    figures["answer to an upload, all at zero"] = seconds_since(start)
    eventually(partial(anna.mails_about, job), 120, "the mail")
    figures["upload to mail, all at zero"] = seconds_since(start)
    assert running(function_pods("convert"))
    start = time.monotonic()
    eventually(all_at_zero, AT_ZERO, "zero", every=0.5)
    figures["mail to all pods told to end"] = seconds_since(start)


def test_without_cold_starts_the_mail_comes_within_seconds(
    anna: Visitor, film_clip: Path, figures: dict[str, str]
) -> None:
    """With running pods an upload is mailed in less time than a cold start takes."""
    eventually(partial(anna.mails_about, anna.upload(film_clip)), 120, "the mail")
    start = time.monotonic()
    eventually(partial(anna.mails_about, anna.upload(film_clip)), 5, "the mail")
    figures["upload to mail, all awake"] = seconds_since(start)


def test_a_burst_takes_as_many_converters_as_allowed(anna: Visitor, minutes: Path, figures: dict[str, str]) -> None:
    """Six videos at once scale convert to its max-scale and never beyond; all are converted, each is mailed once."""
    annotations = service("convert")["spec"]["template"]["metadata"]["annotations"]
    most = int(annotations["autoscaling.knative.dev/max-scale"])
    seen, over = [0], threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            seen.append(len(running(function_pods("convert"))))

    start = time.monotonic()
    with ThreadPoolExecutor() as pool:
        watching = pool.submit(watch)
        try:
            jobs = list(pool.map(anna.upload, [minutes] * 6))
            for job in jobs:
                eventually(partial(anna.mails_about, job), 400, "the mail", every=1)
        finally:
            over.set()
        watching.result()
    figures[f"{len(jobs)} videos of 5 min at once to their mails"] = seconds_since(start)
    figures["converters at once, at the most"] = f"{max(seen):4}"
    assert max(seen) == most
    eventually(nothing_under_way, 60, "the end of all events", every=1)
    assert {anna.job(job)["state"] for job in jobs} == {"done"}
    assert [len(anna.mails_about(job)) for job in jobs] == [1] * 6
