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

AT_ZERO = 240  # seconds; Knative averages the load of a minute before it removes a pod


def all_at_zero() -> bool:
    """Whether no pod is left except terminating ones, which get no requests.

    A pod that gets SIGTERM right after its start may take its whole grace period: the first process of a container
    ignores SIGTERM until it has installed a handler.
    """
    return all("deletionTimestamp" in pod["metadata"] for pod in function_pods())


def converters() -> set[str]:
    """Return the names of convert's pods, terminating ones included."""
    return {pod["metadata"]["name"] for pod in function_pods("convert")}


def seconds_since(start: float) -> str:
    return f"{time.monotonic() - start:6.1f} s"


def test_one_upload_scales_from_zero_and_back_to_zero(anna: Visitor, film_clip: Path, figures: dict[str, str]) -> None:
    """From zero pods an upload is converted and mailed; then all pods are terminated."""
    eventually(all_at_zero, AT_ZERO, "zero", every=0.5)
    before, start = converters(), time.monotonic()
    job = anna.upload(film_clip)
    figures["answer to an upload, all at zero"] = seconds_since(start)
    eventually(partial(anna.mails_about, job), 120, "the mail")
    figures["upload to mail, all at zero"] = seconds_since(start)
    assert converters() - before
    start = time.monotonic()
    eventually(all_at_zero, AT_ZERO, "zero", every=0.5)
    figures["mail to all pods terminating"] = seconds_since(start)


def test_without_cold_starts_the_mail_comes_within_seconds(
    anna: Visitor, film_clip: Path, figures: dict[str, str]
) -> None:
    """With running pods an upload is mailed in less time than a cold start takes."""
    eventually(partial(anna.mails_about, anna.upload(film_clip)), 120, "the mail")
    start = time.monotonic()
    eventually(partial(anna.mails_about, anna.upload(film_clip)), 5, "the mail")
    figures["upload to mail, all awake"] = seconds_since(start)


def test_burst_scales_convert_to_its_limit(anna: Visitor, minutes: Path, figures: dict[str, str]) -> None:
    """Six concurrent videos scale convert to its max-scale and not beyond; each video is converted and mailed once."""
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
