import json
from collections.abc import Callable
from typing import Any

from tests.contract.amqp import Amqp
from tests.contract.broker import Broker, Platform, Subscription
from tests.contract.events import delivery, event, trigger
from tests.contract.subscriber import Answer, Delivery, Subscriber

Subscribe = Callable[[Any], Subscription]
NewSubscriber = Callable[..., Subscriber]


def reply(kind: str, event_id: str = "reply", status: int = 200, missing: str = "") -> Answer:
    headers = {"ce-specversion": "1.0", "ce-type": kind, "ce-source": "/replier", "ce-id": event_id}
    headers["content-type"] = "application/json"
    headers.pop(missing, None)
    return Answer(status, headers, b"[2]")


def test_reply_goes_to_the_broker(
    broker: Broker, subscribe: Subscribe, new_subscriber: NewSubscriber, kind: str
) -> None:
    """An event in the answer is published like any other event, also if the status is a refusal."""
    replies = new_subscriber()
    subscriber = new_subscriber(lambda got: reply(kind + ".reply", f"reply to {got.id}", int(got.id)))
    subscribe(trigger(subscriber.url, {"type": kind}))
    subscribe(trigger(replies.url, {"type": kind + ".reply"}))
    broker.post_status(event(kind, "200"))
    broker.post_status(event(kind, "422"))
    got = replies.wait_for(2)[0]
    assert (got.headers["ce-source"], got.body) == ("/replier", b"[2]")
    assert replies.ids == ["reply to 200", "reply to 422"]


def test_structured_reply_is_completed(
    broker: Broker, subscribe: Subscribe, new_subscriber: NewSubscriber, kind: str
) -> None:
    """A structured reply is published too; a missing id and time are added."""
    members = {"specversion": "1.0", "type": kind + ".reply", "source": "/replier", "n": 7, "data": "x"}
    said = Answer(200, {"content-type": "application/cloudevents+json; charset=utf-8"}, json.dumps(members).encode())
    replies, subscriber = new_subscriber(), new_subscriber(lambda _: said)
    subscribe(trigger(subscriber.url, {"type": kind}))
    subscribe(trigger(replies.url, {"type": kind + ".reply"}))
    broker.post_status(event(kind))
    got = replies.wait_for(1)[0]
    assert len(got.id) == 36
    assert (got.headers["ce-n"], got.body) == ("7", b' "x"')


def test_answer_that_is_no_event_is_ignored(
    broker: Broker, subscribe: Subscribe, new_subscriber: NewSubscriber, kind: str
) -> None:
    """Any other body, such as an invalid structured event, is neither a reply nor a failure."""
    answers = iter(
        [Answer(200, {}, b"text"), Answer(200, {"content-type": "application/cloudevents+json"}, b"junk"), Answer(200)]
    )
    subscriber, dead = new_subscriber(lambda _: next(answers)), new_subscriber()
    subscribe(trigger(subscriber.url, {"type": kind}, delivery(1, dead.url)))
    for event_id in ("1", "2", "3"):
        broker.post_status(event(kind, event_id))
    subscriber.wait_for_id("3")
    assert (subscriber.ids, dead.ids) == (["1", "2", "3"], [])


def test_invalid_reply_sends_the_original_to_the_dead_letter_sink(
    broker: Broker, subscribe: Subscribe, new_subscriber: NewSubscriber, kind: str
) -> None:
    """If the reply has no type or source, the original event becomes a dead letter with code 200, without a retry."""
    subscriber, dead = new_subscriber(lambda got: reply("x", missing=got.id)), new_subscriber()
    subscribe(trigger(subscriber.url, {"type": kind}, delivery(2, dead.url)))
    broker.post_status(event(kind, "ce-type"))
    broker.post_status(event(kind, "ce-source"))
    for got in dead.wait_for(2):
        assert got.headers["ce-knativeerrorcode"] == "200"
        assert got.headers["ce-knativeerrordest"] == subscriber.url
        assert "ce-knativeerrordata" not in got.headers
    assert subscriber.ids == dead.ids == ["ce-type", "ce-source"]


def test_reply_that_cannot_be_published_is_a_failure(
    new_broker: Callable[[Any], Broker], new_subscriber: NewSubscriber, platform: Platform
) -> None:
    """If the reply cannot be published, the original event becomes a dead letter with the subscriber's status."""
    broker = new_broker({"retry": 0})

    def reply_to_nowhere(_: Delivery) -> Answer:
        amqp = Amqp(platform.amqp_url)
        amqp.delete_exchange(broker.exchange)
        amqp.close()
        return reply("x", status=202)

    subscriber, dead = new_subscriber(reply_to_nowhere), new_subscriber()
    broker.subscribe(trigger(subscriber.url, {"type": "original"}, delivery(2, dead.url)))
    broker.post_status(event("original", "original"))
    got = dead.wait_for(1)[0]
    assert (got.id, got.headers["ce-knativeerrorcode"]) == ("original", "202")
    assert subscriber.ids == ["original"]


def test_dead_letter_sink_may_reply(
    broker: Broker, subscribe: Subscribe, new_subscriber: NewSubscriber, kind: str
) -> None:
    """A reply of the dead-letter sink is published to the broker."""
    subscriber, replies = new_subscriber(lambda _: Answer(500)), new_subscriber()
    dead = new_subscriber(lambda _: reply(kind + ".reply"))
    subscribe(trigger(subscriber.url, {"type": kind}, delivery(0, dead.url)))
    subscribe(trigger(replies.url, {"type": kind + ".reply"}))
    broker.post_status(event(kind))
    assert replies.wait_for(1)[0].id == "reply"
