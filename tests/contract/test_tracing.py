"""The W3C trace context, the HTTP headers `traceparent` and `tracestate`, follows an event to its subscriber."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.amqp import Amqp
from tests.contract.broker import Broker, Subscription
from tests.contract.events import delivery, event, trigger
from tests.contract.subscriber import Answer, Delivery, Subscriber

Subscribe = Callable[[Any], Subscription]
NewSubscriber = Callable[..., Subscriber]

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
OTHER_TRACE = "00-11111111111111111111111111111111-2222222222222222-00"


Send = Callable[[dict[str, str]], Delivery]


@pytest.fixture
def send(broker: Broker, subscribe: Subscribe, new_subscriber: NewSubscriber, kind: str) -> Send:
    """A function that sends an event with additional headers, and returns its delivery to a subscriber."""
    subscriber = new_subscriber()
    subscribe(trigger(subscriber.url, {"type": kind}))

    def send(additional: dict[str, str]) -> Delivery:
        headers, body = event(kind)
        broker.post_status((headers | additional, body))
        return subscriber.wait_for(1)[0]

    return send


def trace_headers(got: Delivery) -> dict[str, str]:
    """Return the headers of the delivery that concern a trace, attributes of the event included."""
    return {name.lower(): value for name, value in got.headers.items() if "trace" in name.lower()}


@pytest.mark.parametrize("sent", [{"traceparent": TRACE}, {"traceparent": TRACE, "tracestate": "vendor=1"}])
def test_trace_reaches_the_subscriber(broker: Broker, amqp: Amqp, send: Send, sent: dict[str, str]) -> None:
    """The trace context is forwarded unchanged, in AMQP as headers of the same names."""
    tap = amqp.tap(broker.exchange)
    assert trace_headers(send(sent)) == sent
    message = tap.take()
    assert {name: message.headers[name] for name in ("traceparent", "tracestate")} == {"tracestate": ""} | sent


def test_trace_reaches_replies_and_dead_letters(
    broker: Broker, subscribe: Subscribe, new_subscriber: NewSubscriber, kind: str
) -> None:
    """A dead letter keeps the trace of its event, and so does a reply, whatever trace the response names."""
    headers = {"ce-specversion": "1.0", "ce-type": kind + ".reply", "ce-source": "/replier", "traceparent": OTHER_TRACE}
    subscriber, dead = new_subscriber(lambda _: Answer(500)), new_subscriber(lambda _: Answer(200, headers))
    replies = new_subscriber()
    subscribe(trigger(subscriber.url, {"type": kind}, delivery(0, dead.url)))
    subscribe(trigger(replies.url, {"type": kind + ".reply"}))
    broker.post_status(event(kind, traceparent=TRACE, tracestate="vendor=1"))
    expected = {"traceparent": TRACE, "tracestate": "vendor=1"}
    assert trace_headers(dead.wait_for(1)[0]) == expected
    assert trace_headers(replies.wait_for(1)[0]) == expected


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        "junk",
        TRACE.upper(),
        TRACE + "-00",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        TRACE.removesuffix("01") + "04",
    ],
)
def test_malformed_trace_is_dropped(send: Send, traceparent: str) -> None:
    """Without a valid `traceparent` the event is delivered, but without a trace context."""
    assert trace_headers(send({"traceparent": traceparent, "tracestate": "vendor=1"})) == {}


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"traceparent": TRACE, "ce-traceparent": OTHER_TRACE}, {"traceparent": OTHER_TRACE}),
        ({"traceparent": TRACE, "ce-traceparent": "junk"}, {}),
        ({"ce-traceparent": TRACE, "ce-tracestate": "vendor=1"}, {"traceparent": TRACE, "tracestate": "vendor=1"}),
        ({"ce-traceparent": TRACE}, {}),
    ],
)
def test_trace_extension_replaces_the_transports(send: Send, sent: dict[str, str], expected: dict[str, str]) -> None:
    """An extension `traceparent` replaces the transport's trace context, as both use the same AMQP header.

    It arrives as the transport's header, never as an attribute of the event; without a `tracestate` it is dropped.
    """
    assert trace_headers(send(sent)) == expected


def test_other_extensions_reach_the_subscriber(send: Send) -> None:
    """An extension such as `requestid` arrives as an attribute of the event."""
    assert send({"ce-requestid": "r-1"}).headers["ce-requestid"] == "r-1"
