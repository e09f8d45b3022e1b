"""CloudEvents 1.0 as eventing-rabbitmq reads and writes them: in HTTP in either mode, and in AMQP.

The CloudEvents SDK is no help here: it refuses a reply without `id`, which the broker fills in, and it parses JSON data
and writes it anew, where the broker keeps its bytes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import uuid4

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractMessage

from scripts.local.broker.structured import unpack

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
NO_TIME = "0001-01-01T00:00:00Z"  # Go's zero time, which the broker writes for an event without one

_REQUIRED = ("id", "source", "type")
_STANDARD = (*_REQUIRED, "specversion", "datacontenttype", "dataschema", "subject", "time")
_NAME = re.compile(r"[a-z0-9]+")
_MEDIA_TYPE = re.compile(r"[^\s/;]+/[^\s/;]+\s*(;.*)?")
# Version 00, neither id all zeros, no flag but sampled and random.
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[0-3]")

Attribute = str | int | bool


@dataclass(frozen=True)
class Event:
    """An event's attributes, extensions among them, by their bare names; its data as raw bytes.

    `trace` is the W3C trace context of the event's transport: `traceparent` and `tracestate`, or nothing.
    """

    attributes: dict[str, Attribute]
    data: bytes
    trace: dict[str, str]


def from_http(headers: Mapping[str, str], body: bytes) -> Event:
    """Return the event of a request or a response; raise ValueError if there is none.

    `headers` are case-insensitive. Attributes may be missing: see `validate`.
    """
    content_type = headers.get("content-type", "")
    if content_type.lower().startswith(STRUCTURED):
        members, data = unpack(body)
    elif content_type.lower().startswith(BATCH):
        raise ValueError("batches are not supported")
    else:
        members = {name.lower()[3:]: headers[name] for name in headers if name.lower().startswith("ce-")}
        members["datacontenttype"], data = content_type, body
    return Event(_attributes(members), data, _trace(headers))


def to_http(event: Event) -> dict[str, str]:
    """Return the headers of the event in binary mode; `id` and `time` are filled in if the event has none."""
    attributes = {"id": str(uuid4()), "time": datetime.now(UTC).isoformat()} | event.attributes
    content_type = {"content-type": _text(attributes.pop("datacontenttype", ""))}
    trace = {name: value for name, value in (event.trace | content_type).items() if value}
    return {f"ce-{name}": _text(value) for name, value in attributes.items()} | trace


def from_amqp(message: AbstractMessage) -> Event:
    """Return the event of a message; raise ValueError if there is none.

    The headers `traceparent` and `tracestate` are the transport's, even if they were written as extensions.
    """
    headers = {name.lower().removeprefix("ce-"): _text(value) for name, value in message.headers.items()}
    trace = _trace(headers) if "tracestate" in headers else {}
    if (message.content_type or "").lower().startswith(STRUCTURED):
        members, data = unpack(message.body)
        return Event(_attributes(members), data, trace)
    headers["datacontenttype"] = headers.pop("content-type", "")
    for name in [name for name in headers if name.startswith("x-") or name in ("traceparent", "tracestate")]:
        del headers[name]
    if headers.get("time") == NO_TIME:
        del headers["time"]
    return Event(_attributes(headers), message.body, trace)


def to_amqp(event: Event) -> Message:
    """Return the persistent message of an event: attributes are headers by their bare names, the data is the body.

    An extension `traceparent` or `tracestate` takes the place of the transport's header.
    """
    attributes = {"time": NO_TIME} | event.attributes
    content_type = _text(attributes.pop("datacontenttype", ""))
    event_id = _text(attributes["id"]).encode()
    return Message(
        event.data,
        headers={**event.trace, **attributes, "content-type": content_type},
        message_id=event_id[: len(event_id) % 256].decode(errors="ignore"),  # cut like by Go's AMQP client
        content_type=content_type or None,
        delivery_mode=DeliveryMode.PERSISTENT,
    )


def validate(event: Event) -> None:
    """Raise ValueError for an event that CloudEvents 1.0 does not allow."""
    attributes = event.attributes
    for name in _REQUIRED:
        if not attributes.get(name):
            raise ValueError(f"{name} is missing")
    if not _MEDIA_TYPE.fullmatch(_text(attributes.get("datacontenttype", "any/type"))):
        raise ValueError("datacontenttype must be a media type")
    if not urlsplit(_text(attributes.get("dataschema", "any:schema"))).scheme:
        raise ValueError("dataschema must be an absolute URI")


def _attributes(members: Mapping[str, object]) -> dict[str, Attribute]:
    """Return the attributes as the broker keeps them: an empty standard one is none, the time is UTC."""
    if members.get("specversion") != "1.0":
        raise ValueError("not a CloudEvent 1.0")
    attributes: dict[str, Attribute] = {}
    for name, value in members.items():
        if value is None or (value == "" and name in _STANDARD):
            continue
        if not _NAME.fullmatch(name):
            raise ValueError(f"an attribute's name must be letters and digits, not {name!r}")
        if isinstance(value, str):
            attributes[name] = _utc(value) if name == "time" else value
        elif name not in _STANDARD and isinstance(value, int) and -(2**31) <= value < 2**31:
            attributes[name] = value
        else:
            raise ValueError(f"{name} must be a string; an extension may be a boolean or an integer of 32 bits")
    return attributes


def _trace(headers: Mapping[str, str]) -> dict[str, str]:
    traceparent = headers.get("traceparent", "")
    if not _TRACEPARENT.fullmatch(traceparent):
        return {}
    return {"traceparent": traceparent, "tracestate": headers.get("tracestate", "")}


def _utc(time: str) -> str:
    text = datetime.fromisoformat(time).astimezone(UTC).isoformat().removesuffix("+00:00")
    return (text.rstrip("0") if "." in text else text) + "Z"


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
