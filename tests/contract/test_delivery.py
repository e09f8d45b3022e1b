import json
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import aio_pika

from tests.contract.amqp import Amqp
from tests.contract.broker import Broker, Subscription
from tests.contract.events import delivery, event, trigger
from tests.contract.subscriber import Answer, Delivery, Subscriber
from tests.support.waiting import eventually

Subscribe = Callable[[Any], Subscription]
NewSubscriber = Callable[..., Subscriber]


def status_of_id(got: Delivery) -> Answer:
    """Answer with the status in the event's id: `500-a` by 500."""
    return Answer(int(got.id.partition("-")[0]))


def test_delivery_is_binary(broker: Broker, subscribe: Subscribe, new_subscriber: NewSubscriber, kind: str) -> None:
    """The subscriber gets a structured event in binary mode: attributes as headers with text values, data as body."""
    subscriber = new_subscriber()
    subscribe(trigger(subscriber.url, {"type": kind}))
    members = {"specversion": "1.0", "id": "1", "source": "/contract", "type": kind, "n": 7, "b": True, "data": [1]}
    members["datacontenttype"] = "application/json"
    broker.post_status(({"content-type": "application/cloudevents+json"}, json.dumps(members).encode()))
    got = subscriber.wait_for(1)[0]
    named = {
        name.lower(): value for name, value in got.headers.items() if name.lower().startswith(("ce-", "content-t"))
    }
    assert named.pop("ce-time") > "2026"  # the event has no time: the dispatcher sets the time of delivery
    assert named == {
        "ce-specversion": "1.0",
        "ce-id": "1",
        "ce-source": "/contract",
        "ce-type": kind,
        "ce-n": "7",
        "ce-b": "true",
        "content-type": "application/json",
    }
    assert got.body == b" [1]"


def test_large_body_arrives_whole(
    broker: Broker, subscribe: Subscribe, new_subscriber: NewSubscriber, kind: str
) -> None:
    """Eight megabytes of arbitrary bytes arrive unchanged."""
    subscriber, body = new_subscriber(), bytes(range(256)) * 32768
    subscribe(trigger(subscriber.url, {"type": kind}))
    broker.post_status(event(kind, body=body, content_type="application/octet-stream"))
    assert subscriber.wait_for(1)[0].body == body


def test_private_headers_do_not_reach_the_subscriber(
    broker: Broker, subscribe: Subscribe, new_subscriber: NewSubscriber, amqp: Amqp, kind: str
) -> None:
    """Headers that begin with x- are not forwarded; a `ce-` before an attribute's name is ignored."""
    subscriber = new_subscriber()
    subscribe(trigger(subscriber.url, {"type": kind}))
    headers: dict[str, Any] = {"specversion": "1.0", "ce-id": "1", "source": "/contract", "type": kind, "x-secret": "s"}
    amqp.publish(broker.exchange, aio_pika.Message(b"", headers=headers))
    got = subscriber.wait_for(1)[0]
    assert got.id == "1"
    assert not [name for name in got.headers if "secret" in name.lower()]


def test_structured_message_is_unpacked(
    broker: Broker, subscribe: Subscribe, new_subscriber: NewSubscriber, amqp: Amqp, kind: str
) -> None:
    """A message with the content type of the JSON format is parsed from its body."""
    subscriber = new_subscriber()
    subscribe(trigger(subscriber.url, {"type": kind}))
    members = {"specversion": "1.0", "id": "1", "source": "/contract", "type": "inner", "data": 1}
    message = aio_pika.Message(
        json.dumps(members).encode(), headers={"type": kind}, content_type="application/cloudevents+json"
    )
    amqp.publish(broker.exchange, message)
    got = subscriber.wait_for(1)[0]
    assert (got.headers["ce-type"], got.body) == ("inner", b" 1")


def test_message_that_is_no_event_is_dropped(
    broker: Broker, subscribe: Subscribe, new_subscriber: NewSubscriber, amqp: Amqp, kind: str
) -> None:
    """A message that cannot be parsed is acknowledged and dropped, without a dead letter."""
    subscriber, dead = new_subscriber(), new_subscriber()
    subscription = subscribe(trigger(subscriber.url, {"type": kind}, delivery(1, dead.url)))
    amqp.publish(broker.exchange, aio_pika.Message(b"junk", headers={"type": kind}))
    broker.post_status(event(kind, "next"))
    subscriber.wait_for(1)
    eventually(lambda: amqp.messages(subscription.queue) == 0, 30, "all is acknowledged")
    assert (subscriber.ids, dead.ids) == (["next"], [])


def test_failure_is_retried(broker: Broker, subscribe: Subscribe, new_subscriber: NewSubscriber, kind: str) -> None:
    """The event is retried after these answers, here until the third attempt succeeds."""
    tries: Counter[str] = Counter()

    def third_succeeds(got: Delivery) -> Answer:
        tries[got.id] += 1
        return Answer(int(got.id) if tries[got.id] < 3 else 200)

    subscriber, dead = new_subscriber(third_succeeds), new_subscriber()
    subscribe(trigger(subscriber.url, {"type": kind}, delivery(5, dead.url)))
    ids = ["404", "408", "409", "429", "500", "502", "503", "504"]
    for event_id in [*ids, "200"]:
        broker.post_status(event(kind, event_id))
    subscriber.wait_for_id("200")
    assert subscriber.ids == [*(event_id for event_id in ids for _ in range(3)), "200"]
    assert not dead.received


def test_refusal_counts_as_delivered(
    broker: Broker, subscribe: Subscribe, new_subscriber: NewSubscriber, kind: str
) -> None:
    """After every other answer there is no retry and no dead letter."""
    subscriber, dead = new_subscriber(status_of_id), new_subscriber()
    subscribe(trigger(subscriber.url, {"type": kind}, delivery(2, dead.url)))
    ids = ["200", "204", "304", "400", "401", "403", "405", "410", "413", "415", "422"]
    for event_id in [*ids, "500"]:
        broker.post_status(event(kind, event_id))
    dead.wait_for(1)
    assert subscriber.ids == [*ids, "500", "500", "500"]
    assert dead.ids == ["500"]


def test_dead_letter_has_destination_and_code(
    broker: Broker, subscribe: Subscribe, new_subscriber: NewSubscriber, kind: str
) -> None:
    """An event that failed finally reaches the dead-letter sink unchanged, with the subscriber and its last status."""
    subscriber, dead = new_subscriber(status_of_id), new_subscriber()
    subscribe(trigger(subscriber.url, {"type": kind}, delivery(1, dead.url)))
    broker.post_status(event(kind, "503-a", b"[1]", ce_subject="s"))
    got = dead.wait_for(1)[0]
    assert (got.id, got.body, got.headers["ce-subject"], got.headers["ce-type"]) == ("503-a", b"[1]", "s", kind)
    assert got.headers["ce-knativeerrordest"] == subscriber.url
    assert got.headers["ce-knativeerrorcode"] == "503"


def test_unavailable_subscriber_has_code_minus_one(
    broker: Broker, subscribe: Subscribe, new_subscriber: NewSubscriber, kind: str
) -> None:
    """If the subscriber does not answer, the dead letter's code is -1."""
    subscriber, dead = new_subscriber(), new_subscriber()
    subscriber.close()
    subscribe(trigger(subscriber.url, {"type": kind}, delivery(1, dead.url)))
    broker.post_status(event(kind))
    assert dead.wait_for(1)[0].headers["ce-knativeerrorcode"] == "-1"


def test_attempt_ends_with_its_timeout(
    broker: Broker, subscribe: Subscribe, new_subscriber: NewSubscriber, kind: str
) -> None:
    """`timeout` limits each attempt, which then counts as an attempt without an answer."""
    dead = new_subscriber()

    def wait_for_dead_letter(_: Delivery) -> Answer:
        dead.wait_for(1)
        return Answer()

    subscriber = new_subscriber(wait_for_dead_letter)
    subscribe(trigger(subscriber.url, {"type": kind}, delivery(1, dead.url) | {"timeout": "PT0.3S"}))
    broker.post_status(event(kind))
    assert dead.wait_for(1)[0].headers["ce-knativeerrorcode"] == "-1"
    first, second = subscriber.received
    assert second.at - first.at >= 0.3


def test_failing_dead_letter_sink_is_retried_then_the_event_is_dropped(
    broker: Broker, subscribe: Subscribe, new_subscriber: NewSubscriber, amqp: Amqp, kind: str
) -> None:
    """A failing dead-letter sink gets the same number of attempts, then the event is dropped."""
    subscriber = new_subscriber(lambda _: Answer(500))
    dead = new_subscriber(lambda got: Answer(500 if got.id == "1" else 200))
    subscription = subscribe(trigger(subscriber.url, {"type": kind}, delivery(2, dead.url)))
    broker.post_status(event(kind, "1"))
    broker.post_status(event(kind, "2"))
    dead.wait_for_id("2")
    assert dead.ids == ["1", "1", "1", "2"]
    assert Counter(subscriber.ids) == {"1": 3, "2": 3}
    assert amqp.messages(subscription.queue) == 0


def test_acknowledged_before_the_dead_letter(
    broker: Broker, subscribe: Subscribe, new_subscriber: NewSubscriber, kind: str
) -> None:
    """Without a dead-letter exchange the failed event is lost, as it was acknowledged first; the next one is delivered.

    A Trigger without `delivery`, of a Broker without one, publishes to an exchange that is never declared.
    """
    subscriber = new_subscriber(status_of_id)
    subscribe(trigger(subscriber.url, {"type": kind}))
    broker.post_status(event(kind, "500"))
    broker.post_status(event(kind, "200"))
    subscriber.wait_for_id("200")
    broker.post_status(event(kind, "200-last"))
    subscriber.wait_for_id("200-last")
    assert Counter(subscriber.ids)["500"] == 1


def test_triggers_delivery_replaces_the_brokers(
    new_broker: Callable[[Any], Broker], new_subscriber: NewSubscriber
) -> None:
    """A Trigger without `delivery` has the Broker's; a Trigger's own `delivery` without a sink means no dead letter."""
    subscriber, dead = new_subscriber(status_of_id), new_subscriber()
    broker = new_broker(delivery(1, dead.url))
    broker.subscribe(trigger(subscriber.url, {"type": "own"}, {"retry": 2, "backoffDelay": "PT0.1S"}))
    broker.subscribe(trigger(subscriber.url, {"type": "brokers"}))
    broker.post_status(event("own", "500-own"))
    broker.post_status(event("own", "200-own"))
    subscriber.wait_for_id("200-own")
    broker.post_status(event("brokers", "500-brokers"))
    dead.wait_for(1)
    assert Counter(subscriber.ids) == {"500-own": 3, "200-own": 1, "500-brokers": 2}
    assert dead.ids == ["500-brokers"]


def test_backoff_grows(broker: Broker, subscribe: Subscribe, new_subscriber: NewSubscriber, kind: str) -> None:
    """The wait before retry n is at least the delay times n (linear), or times two to the n (exponential)."""
    linear, exponential = new_subscriber(lambda _: Answer(500)), new_subscriber(lambda _: Answer(500))
    for subscriber, policy in ((linear, "linear"), (exponential, "exponential")):
        subscribe(trigger(subscriber.url, {"type": kind}, delivery(3, policy=policy, delay="PT0.1S")))
    broker.post_status(event(kind))
    for subscriber, waits in ((linear, [0.1, 0.2, 0.3]), (exponential, [0.2, 0.4, 0.8])):
        gaps = [after.at - before.at for before, after in pairwise(subscriber.wait_for(4))]
        assert all(gap >= wait for gap, wait in zip(gaps, waits, strict=True)), gaps


def test_redirect_is_followed(broker: Broker, subscribe: Subscribe, new_subscriber: NewSubscriber, kind: str) -> None:
    """A 307 is followed, and the event is sent again."""
    target = new_subscriber()
    subscriber = new_subscriber(lambda _: Answer(307, {"Location": target.url}))
    subscribe(trigger(subscriber.url, {"type": kind}))
    broker.post_status(event(kind, "1", b"[1]"))
    got = target.wait_for(1)[0]
    assert (got.id, got.body) == ("1", b"[1]")
