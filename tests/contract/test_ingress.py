import json
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.contract.broker import Broker
from tests.contract.events import connect, event, head
from tests.support.waiting import eventually

STRUCTURED = {"content-type": "application/cloudevents+json"}


def structured(**members: object) -> bytes:
    return json.dumps(
        {"specversion": "1.0", "id": "1", "source": "/contract", "type": "contract.nobody"} | members
    ).encode()


def test_event_is_accepted_with_an_empty_answer(broker: Broker) -> None:
    """A binary event that RabbitMQ has confirmed is answered by 202 without a body."""
    headers, body = event()
    answer = requests.post(broker.url, data=body, headers=headers, timeout=10)
    assert (answer.status_code, answer.content) == (202, b"")


def test_structured_event_is_accepted(broker: Broker) -> None:
    """A structured JSON event is accepted like a binary one."""
    assert broker.post_status((STRUCTURED, structured(data={"a": 1}))) == 202


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_other_methods_are_not_allowed(broker: Broker, method: str) -> None:
    """Any method except POST is answered by 405, on any path."""
    for path in ("", "other", "?a=b"):
        assert requests.request(method, broker.url + path, timeout=10).status_code == 405


@pytest.mark.parametrize("path", ["other", "?a=b", "default/", "/"])
def test_other_paths_are_not_found(broker: Broker, path: str) -> None:
    """Any target except exactly `/` is answered by 404, also `/` with a query string."""
    headers, body = event()
    assert requests.post(broker.url + path, data=body, headers=headers, timeout=10).status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"ce_specversion": ""},
        {"ce_specversion": "7.0"},
        {"ce_id": ""},
        {"ce_type": ""},
        {"ce_source": ""},
        {"ce_time": "yesterday"},
        {"ce_dataschema": "no-scheme"},
        {"content_type": "no media type"},
        {"ce_bad_name": "a"},
        {"content_type": "application/cloudevents-batch+json"},
    ],
)
def test_bad_binary_event_is_refused(broker: Broker, changes: dict[str, str]) -> None:
    """A request without a valid event, such as a batch, is answered by 400."""
    assert broker.post_status(event("contract.nobody", "", b"{}", **changes)) == 400


@pytest.mark.parametrize(
    "body",
    [
        b"no json",
        b"[]",
        b"[" * 100_000,
        structured(specversion="7.0"),
        structured(id=""),
        structured(type=None),
        structured(source=7),
        structured(extension={"a": "b"}),
        structured(extension=2**31),
        structured(data_base64="*"),
        structured(datacontenttype="text/plain", data={"a": 1}),
        structured(datacontenttype="application/x+json", data={"a": 1}),
        structured(data_base64="AAE=", datacontenttype="image/png"),
        b"\xff",
    ],
)
def test_bad_structured_event_is_refused(broker: Broker, body: bytes) -> None:
    """A structured body without a valid event is answered by 400.

    A space before a `data_base64` that precedes `datacontenttype` is invalid too: Go's SDK takes it for a quote.
    """
    assert broker.post_status((STRUCTURED, body)) == 400


@pytest.mark.parametrize("path", ["", "healthz", "?a=b"])
def test_probe_is_answered_on_any_path(broker: Broker, path: str) -> None:
    """A probe of the kubelet or of Knative's network is answered by 200; the latter needs a hash, which is returned.

    No other request is a probe.
    """
    kubelet, network = {"User-Agent": "kube-probe/1.34"}, {"K-Network-Probe": "probe", "K-Network-Hash": "h"}
    assert requests.get(broker.url + path, headers=kubelet, timeout=10).status_code == 200
    answer = requests.get(broker.url + path, headers=network, timeout=10)
    assert (answer.status_code, answer.headers["K-Network-Hash"]) == (200, "h")
    assert requests.get(broker.url + path, headers={"K-Network-Probe": "probe"}, timeout=10).status_code == 400
    for other in ({"K-Network-Probe": "queue"}, {"K-Kubelet-Probe": "queue"}):
        assert requests.get(broker.url + path, headers=other, timeout=10).status_code == 405


def test_event_over_rabbitmqs_limit_fails(broker: Broker) -> None:
    """A body over RabbitMQ's 128 MiB is answered by 500, and the ingress recovers."""
    assert broker.post_status(event(body=bytes(134_217_729))) == 500
    eventually(lambda: broker.post_status(event()) == 202, 30, "the ingress publishes again")


def test_draining_ingress_fails_probes_and_events(new_broker: Callable[[Any], Broker]) -> None:
    """After SIGTERM the ingress fails its probes and leaves RabbitMQ: an event in progress is answered by 500."""
    broker = new_broker({"retry": 0})
    probe = {"User-Agent": "kube-probe/1.34"}
    with connect(broker.url) as client:
        client.sendall(head(2) + b"{")
        # Once this later request is answered, the first one is certainly in progress.
        assert broker.post_status(event()) == 202
        broker.terminate_ingress()
        eventually(lambda: requests.get(broker.url, headers=probe, timeout=10).status_code == 503, 30, "probes fail")
        client.sendall(b"}")
        assert client.recv(100).startswith(b"HTTP/1.1 500 ")


def test_concurrent_clients_are_all_confirmed(broker: Broker) -> None:
    """Fifty events from ten concurrent clients are all accepted."""
    statuses: list[int] = []
    clients = [
        threading.Thread(target=lambda: statuses.extend(broker.post_status(event()) for _ in range(5)))
        for _ in range(10)
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert statuses == [202] * 50


def test_slow_request_is_aborted(slow_request: socket.socket) -> None:
    """A request that takes longer than 10 seconds is answered by 400, and its connection is closed."""
    slow_request.settimeout(15)
    assert slow_request.recv(100).startswith(b"HTTP/1.1 400 ")
    while slow_request.recv(1000):
        pass
