"""A user's own server is told how their videos end."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from pymongo.database import Database

from functions.shared import mongo
from functions.shared.mongo import Document
from tests.support.clock import advance
from tests.support.person import Person
from tests.support.receiver import Receiver
from tests.support.stacks import RunningStack
from tests.support.waiting import eventually

LEASE = timedelta(minutes=3)  # longer than the first two


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@dataclass(frozen=True)
class Told:
    """A user, the server that is told, and the secret by which they know each other."""

    person: Person
    receiver: Receiver
    secret: str


@pytest.fixture
def told(stack: RunningStack, receiver: Receiver) -> Told:
    person = Person(stack.url, stack.mail)
    answer = person.call("PUT", "/webhook", json={"url": receiver.url})
    assert answer.status_code == 200, answer.text
    return Told(person, receiver, answer.json()["secret"])


@pytest.fixture
def database(stack: RunningStack) -> Database[Document]:
    return mongo.database((stack.secrets / "mongodb-admin/url").read_text())


def outcome(database: Database[Document], receiver: Receiver) -> str:
    """Return how the delivery of the job that the receiver has heard of stands."""
    (job,) = {message_id.partition(".")[0] for message_id in receiver.ids()}
    found = next(doc for doc in database["jobs"].find() if str(doc["_id"]) == job)
    return str(found["deliveries"]["webhook"]["outcome"])


def test_result_reaches_the_owners_server(told: Told, film_clip: Path, silent_video: Path) -> None:
    """Once for each video, beside the mail; a test message before."""
    person, receiver = told.person, told.receiver
    assert person.call("POST", "/webhook/test").json()["accepted"]
    done, failed = person.finished(person.upload(film_clip)), person.finished(person.upload(silent_video))
    eventually(lambda: len(receiver.received) >= 3)
    test, *messages = receiver.verified(told.secret)
    assert test["data"] == {"test": True}
    assert {message["type"] for message in messages} == {
        "video2mp3.audio.converted.v1",
        "video2mp3.conversion.failed.v1",
    }
    for job in (done, failed):
        (message,) = receiver.about(job["id"])
        assert message["data"]["job"] == job
    eventually(lambda: len(person.mails()) == 2)
    assert len(receiver.received) == 3


def test_server_that_is_down_is_told_later(
    stack: RunningStack, told: Told, film_clip: Path, database: Database[Document]
) -> None:
    """When its lease has expired, sweep republishes the event; a message that was accepted is not repeated."""
    receiver = told.receiver
    receiver.status = 503
    told.person.finished(told.person.upload(film_clip))
    eventually(lambda: len(receiver.received) == 1)
    receiver.status = 204
    for _ in range(2):
        advance(database, LEASE)
        stack.wake_sweeper()
        eventually(lambda: outcome(database, receiver) == "sent")
    assert len(receiver.verified(told.secret)) == 2
    assert len(set(receiver.ids())) == 1


@pytest.mark.timeout(240)
def test_message_of_a_killed_webhook_is_sent_again(
    stack: RunningStack, told: Told, film_clip: Path, database: Database[Document]
) -> None:
    """With the same id, by which the receiver can ignore the copy."""
    receiver = told.receiver
    receiver.pause = 5
    told.person.finished(told.person.upload(film_clip))
    eventually(lambda: len(receiver.received) == 1)
    stack.kill("webhook")
    receiver.pause = 0
    stack.wait_for("webhook")

    def sent() -> bool:
        advance(database, LEASE)
        stack.wake_sweeper()
        return outcome(database, receiver) == "sent"

    eventually(sent, 60, "the message", every=2)
    assert len(receiver.verified(told.secret)) >= 2
    assert len(set(receiver.ids())) == 1
