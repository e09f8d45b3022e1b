"""The events and Triggers of the suite."""

import socket
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

Manifest = dict[str, Any]
Request = tuple[dict[str, str], bytes]


def event(kind: str = "contract.nobody", event_id: str = "", body: bytes = b"{}", **headers: str) -> Request:
    """Return a binary event; a keyword such as `ce_subject` adds a header, an empty value removes it."""
    named = {
        "ce-specversion": "1.0",
        "ce-type": kind,
        "ce-source": "/contract",
        "ce-id": event_id or str(uuid4()),
        "content-type": "application/json",
    }
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    return {name: value for name, value in named.items() if value}, body


def connect(url: str) -> socket.socket:
    address = urlsplit(url)
    return socket.create_connection((address.hostname or "", address.port or 80))


def head(length: int) -> bytes:
    """Return the head of a request with a binary event, for a body of that length."""
    headers, _ = event()
    lines = [f"{name}: {value}" for name, value in ({"host": "x", "content-length": str(length)} | headers).items()]
    return "\r\n".join(["POST / HTTP/1.1", *lines, "", ""]).encode()


def trigger(
    subscriber: str,
    attributes: dict[str, str] | None = None,
    delivery: Manifest | None = None,
    parallelism: int = 1,
    **spec: Any,
) -> Manifest:
    name = f"trigger-{uuid4().hex[:8]}"
    annotations = {"rabbitmq.eventing.knative.dev/parallelism": str(parallelism)}
    spec |= {"broker": "default", "subscriber": {"uri": subscriber}}
    if attributes is not None:
        spec["filter"] = {"attributes": attributes}
    if delivery is not None:
        spec["delivery"] = delivery
    return {
        "apiVersion": "eventing.knative.dev/v1",
        "kind": "Trigger",
        "metadata": {"name": name, "annotations": annotations},
        "spec": spec,
    }


def delivery(retry: int, dead_letter: str = "", policy: str = "linear", delay: str = "PT0.1S") -> Manifest:
    sink = {"deadLetterSink": {"uri": dead_letter}} if dead_letter else {}
    return {"retry": retry, "backoffPolicy": policy, "backoffDelay": delay} | sink
