import json
from collections.abc import Callable
from typing import Any

from tests.contract.amqp import Amqp
from tests.contract.broker import Broker, Subscription
from tests.contract.events import event, trigger
from tests.contract.subscriber import Subscriber
from tests.support.waiting import eventually

Subscribe = Callable[[Any], Subscription]
NewSubscriber = Callable[..., Subscriber]


def test_every_attribute_must_be_equal(
    broker: Broker, subscribe: Subscribe, new_subscriber: NewSubscriber, kind: str
) -> None:
    """Only an event that has all attributes of the filter, with exactly these values, is delivered."""
    subscriber = new_subscriber()
    subscribe(trigger(subscriber.url, {"type": kind, "subject": "a", "myext": "1"}))
    broker.post_status(event(kind, "no subject", ce_myext="1"))
    broker.post_status(event(kind, "other subject", ce_subject="ab", ce_myext="1"))
    broker.post_status(event(kind, "no extension", ce_subject="a"))
    broker.post_status(event(kind + "x", "other type", ce_subject="a", ce_myext="1"))
    broker.post_status(event(kind, "all", ce_subject="a", ce_myext="1"))
    subscriber.wait_for(1)
    assert subscriber.ids == ["all"]


def test_empty_value_matches_no_absent_attribute(
    broker: Broker, subscribe: Subscribe, new_subscriber: NewSubscriber, kind: str
) -> None:
    """A filter with an empty value does not match events without the attribute or with a value."""
    subscriber, witness = new_subscriber(), new_subscriber()
    subscribe(trigger(subscriber.url, {"type": kind, "subject": ""}))
    subscribe(trigger(witness.url, {"type": kind}))
    broker.post_status(event(kind, "1"))
    broker.post_status(event(kind, "2", ce_subject="a"))
    witness.wait_for_id("2")
    assert not subscriber.received


def test_typed_extension_does_not_equal_a_text(
    broker: Broker, subscribe: Subscribe, new_subscriber: NewSubscriber, kind: str
) -> None:
    """An integer in a structured event does not equal the filter's string; in a binary event it does."""
    subscriber = new_subscriber()
    subscribe(trigger(subscriber.url, {"type": kind, "n": "7"}))
    members = {"specversion": "1.0", "id": "typed", "source": "/contract", "type": kind, "n": 7}
    broker.post_status(({"content-type": "application/cloudevents+json"}, json.dumps(members).encode()))
    broker.post_status(event(kind, "text", ce_n="7"))
    subscriber.wait_for(1)
    assert subscriber.ids == ["text"]


def test_event_is_copied_to_each_trigger(
    broker: Broker, subscribe: Subscribe, new_subscriber: NewSubscriber, kind: str
) -> None:
    """Each of two matching Triggers gets the event."""
    first, second = new_subscriber(), new_subscriber()
    subscribe(trigger(first.url, {"type": kind}))
    subscribe(trigger(second.url, {"type": kind}))
    broker.post_status(event(kind, "1"))
    first.wait_for(1)
    second.wait_for(1)


def test_trigger_without_attributes_gets_everything(
    new_broker: Callable[[Any], Broker], new_subscriber: NewSubscriber, amqp: Amqp
) -> None:
    """`spec.filters` is ignored: the Trigger gets every event. An event without a Trigger is confirmed and dropped."""
    broker, subscriber = new_broker({"retry": 0}), new_subscriber()
    assert broker.post_status(event("nobody", "before")) == 202
    subscription = broker.subscribe(trigger(subscriber.url, filters=[{"exact": {"type": "never"}}]))
    assert broker.post_status(event("anything", "after")) == 202
    subscriber.wait_for(1)
    assert subscriber.ids == ["after"]
    eventually(lambda: amqp.messages(subscription.queue) == 0, 30, "all is acknowledged")
