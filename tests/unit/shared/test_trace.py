"""The trace of a request, from headers and events."""

import re

import pytest

from functions.shared.events import audio_converted, conversion_failed, video_uploaded
from functions.shared.trace import Trace

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
GIVEN = Trace(PARENT, "order-66")
MALFORMED = [None, "", "x", PARENT.upper(), f"{PARENT}\n", f"ff{PARENT[2:]}", f"00-{'0' * 32}{PARENT[35:]}", 7]


def test_well_formed_values_are_kept() -> None:
    """A traceparent and a request id of the gateway are returned as they are."""
    headers = {"traceparent": PARENT, "X-Request-Id": "order-66"}
    assert Trace.of_headers(headers) == GIVEN
    assert GIVEN.id == "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize("parent", MALFORMED)
def test_a_malformed_traceparent_is_replaced(parent: object) -> None:
    """The new one is well-formed and never the same twice."""
    first, second = Trace.of(parent, None), Trace.of(parent, None)
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", first.parent)
    assert first.id != second.id
    assert Trace.of(first.parent, first.request) == first


@pytest.mark.parametrize("request_id", [None, "", "a b", "a\n", "é", "x" * 65])
def test_a_malformed_request_id_is_replaced(request_id: object) -> None:
    """The traceparent is kept."""
    trace = Trace.of(PARENT, request_id)
    assert trace.parent == PARENT
    assert re.fullmatch("[0-9a-f]{32}", trace.request)


@pytest.mark.parametrize(
    "event", [video_uploaded("1", GIVEN), audio_converted("1", "2", GIVEN), conversion_failed("1", "no_audio", GIVEN)]
)
def test_an_event_carries_the_trace(event: dict[str, str]) -> None:
    """Every type of event has it in the attributes `traceparent` and `requestid`."""
    assert Trace.of_event(event, {}) == GIVEN


def test_the_header_replaces_a_traceparent_that_the_broker_moved_there() -> None:
    """Knative's RabbitMQ broker delivers the attribute `traceparent` as an HTTP header only."""
    assert Trace.of_event({"requestid": "order-66"}, {"traceparent": PARENT}) == GIVEN
