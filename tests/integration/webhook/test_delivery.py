"""The message about the end of a job, delivered once."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import requests
from bson import ObjectId
from cloudevents.http import CloudEvent
from pymongo.database import Database

from functions.shared.events import audio_converted, conversion_failed
from functions.shared.job.deliveries import Channel, Deliveries
from functions.shared.mongo import Document
from tests.support.callers import Caller
from tests.support.ingress import deliver
from tests.support.jobs import PAST, ended_job, open_job
from tests.support.problems import assert_problem
from tests.support.receiver import Receiver
from tests.support.stacks import Server

DUE = {"outcome": "pending", "tries": 0, "lease": datetime.now(UTC) + timedelta(hours=1)}


def job_of(database: Database[Document], owner: str, state: str = "done") -> ObjectId:
    """Store an ended job of the owner whose message is due."""
    return ended_job(database, state, **{"owner": owner, "deliveries.webhook": DUE})


def event(job: ObjectId, state: str = "done") -> CloudEvent:
    return audio_converted(str(job), str(ObjectId())) if state == "done" else conversion_failed(str(job), "no_audio")


def delivery(database: Database[Document], job: ObjectId) -> Document:
    return dict((database["jobs"].find_one({"_id": job}) or {})["deliveries"]["webhook"])


def make_due(database: Database[Document], job: ObjectId) -> None:
    """Let the lease expire."""
    database["jobs"].update_one({"_id": job}, {"$set": {"deliveries.webhook.lease": PAST}})


@dataclass(frozen=True)
class Hook:
    """webhook at `url`, and a user whose webhook, with this secret, leads to the receiver."""

    url: str
    caller: Caller
    database: Database[Document]
    receiver: Receiver
    secret: str


@pytest.fixture
def hook(webhook: str, caller: Caller, database: Database[Document], receiver: Receiver) -> Hook:
    secret = caller.call("PUT", "/webhook", json={"url": receiver.url}).json()["secret"]
    return Hook(webhook, caller, database, receiver, secret)


@pytest.mark.parametrize("end", ["done", "failed"])
def test_result_is_sent(hook: Hook, end: str) -> None:
    """Signed, with the job as its owner sees it; whatever the event says besides its subject."""
    job = job_of(hook.database, hook.caller.user, end)
    assert deliver(hook.url, event(job, end)).status_code == 200
    (message,) = hook.receiver.verified(hook.secret)
    word = {"done": "converted", "failed": "failed"}[end]
    assert hook.receiver.ids() == [f"{job}.{word}"]
    assert message["data"]["job"]["state"] == end
    assert message["data"]["job"]["id"] == str(job)
    assert hook.receiver.received[0][0]["content-type"] == "application/json"
    assert delivery(hook.database, job)["outcome"] == "sent"


def test_redelivered_event_sends_no_second_message(hook: Hook) -> None:
    job = job_of(hook.database, hook.caller.user)
    for _ in range(3):
        assert deliver(hook.url, event(job)).status_code == 200
    assert len(hook.receiver.verified(hook.secret)) == 1


def test_mail_of_version_0_1_is_no_message(hook: Hook) -> None:
    """`mailed` says that the owner has had a mail, and nothing about this channel."""
    job = ended_job(hook.database, owner=hook.caller.user, mailed="done", **{"deliveries.webhook": DUE})
    deliver(hook.url, event(job))
    assert len(hook.receiver.verified(hook.secret)) == 1


@pytest.mark.parametrize("status", [301, 400, 404, 429, 500, 503])
def test_message_that_is_not_accepted_is_sent_again(hook: Hook, status: int) -> None:
    """When the lease has expired, with the same id and another timestamp; each lease is twice as long."""
    job = job_of(hook.database, hook.caller.user)
    hook.receiver.status = status
    for tries in (1, 2, 3):
        began = datetime.now(UTC)
        assert deliver(hook.url, event(job)).status_code == 200
        now = delivery(hook.database, job)
        assert (now["outcome"], now["tries"]) == ("pending", tries)
        assert abs(now["lease"] - began - timedelta(minutes=2 ** (tries - 1))) < timedelta(seconds=30)
        assert deliver(hook.url, event(job)).status_code == 200
        assert len(hook.receiver.received) == tries
        make_due(hook.database, job)
    hook.receiver.status = 200
    deliver(hook.url, event(job))
    assert delivery(hook.database, job)["outcome"] == "sent"
    assert hook.receiver.ids() == [f"{job}.converted"] * 4
    assert len(hook.receiver.verified(hook.secret)) == 4


def test_receiver_has_ten_seconds(hook: Hook) -> None:
    """A slower answer is a failure."""
    job = job_of(hook.database, hook.caller.user)
    hook.receiver.pause = 11
    began = time.monotonic()
    assert deliver(hook.url, event(job)).status_code == 200
    assert time.monotonic() - began < 15
    assert delivery(hook.database, job)["outcome"] == "pending"


def test_gone_turns_the_webhook_off(hook: Hook) -> None:
    """At once: the message has bounced, later ones are skipped, until the webhook is set again."""
    first, second = job_of(hook.database, hook.caller.user), job_of(hook.database, hook.caller.user)
    hook.receiver.status = 410
    deliver(hook.url, event(first))
    assert delivery(hook.database, first)["outcome"] == "bounced"
    assert hook.caller.call("GET", "/webhook").json()["off"] == "gone"
    hook.receiver.status = 200
    deliver(hook.url, event(second))
    assert delivery(hook.database, second)["outcome"] == "skipped"
    assert hook.caller.call("PUT", "/webhook", json={"url": hook.receiver.url}).json()["off"] is None
    deliver(hook.url, event(third := job_of(hook.database, hook.caller.user)))
    assert delivery(hook.database, third)["outcome"] == "sent"
    assert len(hook.receiver.verified(hook.secret)) == 2


def test_three_days_of_failures_turn_the_webhook_off(hook: Hook) -> None:
    """Without a success between them."""
    hook.receiver.status = 500
    deliver(hook.url, event(job_of(hook.database, hook.caller.user)))
    since = hook.caller.call("GET", "/webhook").json()["failing_since"]
    assert datetime.now(UTC) - datetime.fromisoformat(since) < timedelta(minutes=1)
    for ago, off in ((timedelta(days=2, hours=23), None), (timedelta(days=3, minutes=1), "failing")):
        hook.database["webhooks"].update_one({"_id": hook.caller.user}, {"$set": {"failing": datetime.now(UTC) - ago}})
        deliver(hook.url, event(job_of(hook.database, hook.caller.user)))
        assert hook.caller.call("GET", "/webhook").json()["off"] == off


def test_success_ends_the_failures(hook: Hook) -> None:
    hook.database["webhooks"].update_one({"_id": hook.caller.user}, {"$set": {"failing": PAST}})
    deliver(hook.url, event(job_of(hook.database, hook.caller.user)))
    assert hook.caller.call("GET", "/webhook").json()["failing_since"] is None


def test_job_of_an_owner_without_webhook_is_settled(hook: Hook, stranger: Caller) -> None:
    """Nothing is left that sweep would republish; no other user's webhook is called."""
    job = job_of(hook.database, stranger.user)
    assert deliver(hook.url, event(job)).status_code == 200
    assert delivery(hook.database, job)["outcome"] == "skipped"
    assert hook.receiver.received == []
    assert hook.caller.user != stranger.user


def test_jobs_without_a_message_due_are_acknowledged(hook: Hook) -> None:
    """A job that has not ended, one of a version without webhooks, a missing one, and a malformed subject."""
    old = ended_job(hook.database, owner=hook.caller.user)
    before = hook.database["jobs"].find_one({"_id": old})
    for job in (open_job(hook.database, owner=hook.caller.user), old, ObjectId()):
        assert deliver(hook.url, event(job)).status_code == 200
    malformed = CloudEvent({"type": "x", "source": "/x", "subject": "no id"}, {})
    assert deliver(hook.url, malformed).status_code == 200
    assert hook.receiver.received == []
    assert hook.database["jobs"].find_one({"_id": old}) == before


def test_deleted_owner_gets_no_message(hook: Hook) -> None:
    hook.database["owners"].insert_one({"_id": hook.caller.user, "deleted": datetime.now(UTC)})
    deliver(hook.url, event(job_of(hook.database, hook.caller.user)))
    assert hook.receiver.received == []


def test_message_whose_outcome_was_not_recorded_is_sent_again(hook: Hook) -> None:
    """After a crash between the answer and its record, with the same id: a receiver can tell."""
    job = job_of(hook.database, hook.caller.user)
    assert Deliveries(hook.database, Channel.WEBHOOK).claim(job)
    make_due(hook.database, job)
    deliver(hook.url, event(job))
    assert hook.receiver.ids() == [f"{job}.converted"]
    assert delivery(hook.database, job)["tries"] == 2


def test_mongodb_away_is_503(webhook: str, mongodb: Server) -> None:
    """The broker redelivers the event."""
    mongodb.stop()
    try:
        answer = deliver(webhook, event(ObjectId()))
    finally:
        mongodb.start()
    assert_problem(answer, 503)
    assert answer.headers["Retry-After"] == "5"


def test_malformed_event_is_400(webhook: str) -> None:
    for headers, body in (
        ({}, b"x"),
        ({"ce-id": "1"}, b"{}"),
        ({"Content-Type": "application/cloudevents+json"}, b"{"),
    ):
        assert_problem(requests.post(webhook, body, headers=headers, timeout=60), 400)
