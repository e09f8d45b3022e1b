"""Forged events from a pod in another namespace."""

import json
from functools import partial
from pathlib import Path

import pytest

from tests.cluster.store import mp3s
from tests.support.kubectl import get, nothing_under_way, run_python
from tests.support.visitors import Visitor, mails_to
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(600)

MALLORY = "mallory@people.example"
FORGE = """
import itertools, json, sys, urllib.error, urllib.request
from concurrent.futures import ThreadPoolExecutor
urls, job, mallory = json.loads(sys.argv[1]), sys.argv[2], sys.argv[3]
def outcome(url, name):
    headers = {"ce-specversion": "1.0", "ce-type": f"video2mp3.{name}.v1", "ce-source": "/functions/convert",
               "ce-id": f"{job}.forged", "ce-subject": job, "Content-Type": "application/json"}
    data = json.dumps({"job": job, "mp3": job, "code": "no_audio", "email": mallory, "to": mallory}).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=20) as answer:
            return str(answer.status)
    except urllib.error.HTTPError as error:
        return str(error.code)
    except OSError:
        return "refused"
events = list(itertools.product(urls, ("video.uploaded", "audio.converted", "conversion.failed")))
with ThreadPoolExecutor(len(events)) as pool:
    outcomes = pool.map(outcome, *zip(*events))
print(json.dumps({f"{name} to {url}": result for (url, name), result in zip(events, outcomes)}))
"""


def test_forged_event_is_refused_or_changes_nothing(
    anna: Visitor, mailpit: str, film_clip: Path, strange_namespace: str, figures: dict[str, str]
) -> None:
    """Forged events about a finished job are blocked by NetworkPolicies; one that gets through changes nothing."""
    job = anna.finished(anna.upload(film_clip), 120)
    eventually(partial(anna.mails_about, job["id"]), 120, "the mail")
    eventually(nothing_under_way, 60, "the end of all events", every=1)
    before = mp3s()
    broker = get("broker/default")["status"]["address"]["url"]
    urls = [f"http://{function}.video2mp3.svc.cluster.local" for function in ("convert", "notify", "sweep")]
    arguments = (json.dumps([*urls, broker]), job["id"], MALLORY)
    said = run_python(FORGE, *arguments, function="sweep", secrets={}, namespace=strange_namespace)
    outcomes: dict[str, str] = json.loads(said)
    assert len(outcomes) == 12
    assert set(outcomes.values()) <= {"refused", "200", "202"}, outcomes
    figures["forged events refused by NetworkPolicies, and taken in vain"] = " and ".join(
        str(sum((outcome == "refused") is refused for outcome in outcomes.values())) for refused in (True, False)
    )
    eventually(nothing_under_way, 120, "the end of all events", every=1)
    assert anna.job(job["id"]) == job
    assert len(anna.mails_about(job["id"])) == 1
    assert mails_to(MALLORY, mailpit) == []
    assert mp3s() == before
