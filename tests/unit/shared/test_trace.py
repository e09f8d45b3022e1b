"""The trace of a request, from headers and events."""

import logging
import re

import pytest
from cloudevents.http import CloudEvent

from functions.shared.events import audio_converted, conversion_failed, video_uploaded
from functions.shared.trace import Trace, current, follow
from tests.unit.shared.recorded import recorded

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
GIVEN = Trace(PARENT, "order-66")
MALFORMED = [None, "", "x", PARENT.upper(), f"{PARENT}\n", f"ff{PARENT[2:]}", f"00-{'0' * 32}{PARENT[35:]}", 7]


def test_well_formed_values_are_kept() -> None:
    """A traceparent and a request id as the gateway sends them are returned unchanged."""
    assert Trace.of(PARENT, "order-66") == GIVEN
    assert GIVEN.id == "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize("parent", MALFORMED)
def test_malformed_traceparent_is_replaced(parent: object) -> None:
    """The new traceparent is well-formed and different each time."""
    first, second = Trace.of(parent, None), Trace.of(parent, None)
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", first.parent)
    assert first.id != second.id
    assert Trace.of(first.parent, first.request) == first


@pytest.mark.parametrize("request_id", [None, "", "a b", "a\n", "é", "x" * 65])
def test_malformed_request_id_is_replaced(request_id: object) -> None:
    """Only the request id is replaced; the traceparent is kept."""
    trace = Trace.of(PARENT, request_id)
    assert trace.parent == PARENT
    assert re.fullmatch("[0-9a-f]{32}", trace.request)


@pytest.mark.parametrize(
    "event", [video_uploaded("1", GIVEN), audio_converted("1", "2", GIVEN), conversion_failed("1", "no_audio", GIVEN)]
)
def test_event_carries_the_trace(event: CloudEvent) -> None:
    """Every type of event has the trace in the attributes `traceparent` and `requestid`."""
    assert Trace.of_event(event) == GIVEN


def test_header_replaces_a_traceparent_that_the_broker_moved() -> None:
    """Knative's RabbitMQ broker delivers the attribute `traceparent` as an HTTP header only."""
    event = CloudEvent({"type": "t", "source": "/s", "requestid": "order-66"})
    assert Trace.of_event(event, PARENT) == GIVEN


def test_current_trace_is_in_every_record_of_the_block() -> None:
    """The ids are in the logs, a nested trace replaces them for its block, and after the block there are none."""
    inner = Trace.of(None, None)
    with recorded() as lines:
        with follow(GIVEN):
            with follow(inner):
                logging.getLogger("x").info("inner")
                assert current() == inner
            logging.getLogger("x").info("outer")
            assert current() == GIVEN
        logging.getLogger("x").info("after")
    seen = [(line.get("trace"), line.get("request")) for line in lines]
    assert seen == [(inner.id, inner.request), (GIVEN.id, "order-66"), (None, None)]
    assert current() != current()
