"""The trace context and the request id, which the gateway accepts or makes."""

import json
import re
from typing import Any

import pytest
import requests

from scripts.local.waiting import wait_until
from tests.integration.gateway.nginx import Gateway
from tests.integration.gateway.upstream import Upstream

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
MALFORMED = [
    "",
    "nonsense",
    PARENT.upper(),
    PARENT.replace("00-", "01-", 1),
    f"{PARENT}-more",
    f"00-{'0' * 32}-00f067aa0ba902b7-01",
    f"00-{TRACE}-{'0' * 16}-01",
]


def _logged(gateway: Gateway, trace: str, count: int) -> list[dict[str, Any]]:
    """Return the trace's lines of the access log once there are `count`: NGINX writes them after its answers."""
    found: list[dict[str, Any]] = []

    def look() -> bool:
        found[:] = [line for line in map(json.loads, gateway.log().splitlines()) if line["trace"] == trace]
        return len(found) >= count

    wait_until(look, f"{count} lines of the trace {trace}", 10)
    return found


def test_well_formed_ids_of_the_caller_are_kept(gateway: Gateway, upstream: Upstream, token: str) -> None:
    """The ids reach the function and the access log, and the answer has the request id."""
    headers = {"Authorization": f"Bearer {token}", "traceparent": PARENT, "X-Request-Id": "order-66.b_1"}
    for method, path in [("GET", "/jobs"), ("POST", "/upload?name=a")]:
        answer = requests.request(method, gateway.url + path, headers=headers, timeout=10)
        assert answer.headers["X-Request-Id"] == "order-66.b_1"
        assert upstream.asked[-1].headers["Traceparent"] == PARENT
        assert upstream.asked[-1].headers["X-Request-Id"] == "order-66.b_1"
    assert [line["request"] for line in _logged(gateway, TRACE, 2)] == ["order-66.b_1"] * 2


@pytest.mark.parametrize("parent", MALFORMED)
@pytest.mark.parametrize("request_id", ["", "a b", "é", '"', "x" * 65])
def test_malformed_ids_are_replaced(
    gateway: Gateway, upstream: Upstream, token: str, parent: str, request_id: str
) -> None:
    """New well-formed ids are generated, the same for the function, the log and the caller."""
    given: dict[str, str | bytes] = {
        "Authorization": f"Bearer {token}",
        "traceparent": parent,
        "X-Request-Id": request_id.encode("latin-1"),
    }
    answer = requests.get(f"{gateway.url}/jobs", headers=given, timeout=10)
    passed_on = upstream.asked[-1].headers
    made = re.fullmatch("00-([0-9a-f]{32})-([0-9a-f]{16})-01", passed_on["Traceparent"])
    assert made
    assert made[1] != TRACE
    assert passed_on["X-Request-Id"] == answer.headers["X-Request-Id"] == made[1]
    (line,) = _logged(gateway, made[1], 1)
    assert line["request"] == made[1]


def test_two_requests_have_two_traces(gateway: Gateway, upstream: Upstream, token: str) -> None:
    """Two requests on one connection have different traces too."""
    with requests.Session() as session:
        for _ in range(2):
            session.get(f"{gateway.url}/jobs", headers={"Authorization": f"Bearer {token}"}, timeout=10)
    first, second = (asked.headers["Traceparent"] for asked in upstream.asked)
    assert first != second


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/jobs", 401)])
def test_problem_of_the_gateway_names_its_trace(gateway: Gateway, path: str, status: int) -> None:
    """The member `trace` of a problem is the trace id of its line in the access log."""
    problem = requests.get(gateway.url + path, timeout=10).json()
    (line,) = _logged(gateway, problem["trace"], 1)
    assert (line["status"], line["asked"]) == (status, f"GET {path}")
