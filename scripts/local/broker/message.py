"""CloudEvents 1.0 as eventing-rabbitmq reads and writes them: over HTTP in either mode, and as AMQP messages.

The CloudEvents SDK cannot stand in: it gives an event without `time` one, where the broker writes year 1; it refuses
a reply without `id`, which the broker fills in; and an extension named `extensions` breaks it.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractMessage

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
NO_TIME = "0001-01-01T00:00:00Z"  # Go's zero time, which the broker writes for an event without one

_REQUIRED = ("id", "source", "type")
_OPTIONAL = ("datacontenttype", "dataschema", "subject", "time")
_NAME = re.compile(r"[a-z0-9]+")
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105  # RFC 2045's word for a word
_MEDIA_TYPE = re.compile(rf"{_TOKEN}(/{_TOKEN})?\s*(;.*)?")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_MEMBER = re.compile(r'\s*[{,]\s*(?P<name>"(?:[^"\\]|\\.)*")\s*:(?P<space>\s*)')
_JSON = ("", "application/json", "text/json", STRUCTURED, BATCH)  # whose data is JSON; "+json" in general is not
_DECODER = json.JSONDecoder()
_SHORT = 256  # Go's AMQP client cuts a property's text to its length modulo this

Attribute = str | int | bool


@dataclass(frozen=True)
class Event:
    """An event's attributes, extensions among them, by their bare names; its data as raw bytes."""

    attributes: dict[str, Attribute]
    data: bytes


@dataclass(frozen=True)
class Member:
    """A value of a JSON object, and its text as it is written, from the colon on."""

    value: Any
    text: str


def from_http(headers: Mapping[str, str], body: bytes) -> Event:
    """Return the event of a request or an answer; raise ValueError where there is none.

    `headers` are case-insensitive. Attributes may be missing: see `validate`.
    """
    media_type = _media_type(headers.get("content-type"))
    if media_type == STRUCTURED:
        return _structured(body)
    if media_type == BATCH or headers.get("ce-specversion") != "1.0":
        raise ValueError("not a CloudEvent 1.0")
    attributes = {name.lower()[3:]: headers[name] for name in headers if name.lower().startswith("ce-")}
    return Event(_checked(attributes | {"datacontenttype": headers.get("content-type")}), body)


def to_http(event: Event) -> dict[str, str]:
    """Return the headers of the event in binary mode; `id` and `time` are filled in where it has none."""
    attributes = {"id": str(uuid4()), "time": datetime.now(UTC).isoformat()} | event.attributes
    content_type = attributes.pop("datacontenttype", None)
    headers = {f"ce-{name}": _text(value) for name, value in attributes.items()}
    return headers if content_type is None else headers | {"content-type": _text(content_type)}


def from_amqp(message: AbstractMessage) -> Event:
    """Return the event of a message; raise ValueError where it cannot be read."""
    if _media_type(message.content_type) == STRUCTURED:
        return _structured(message.body)
    headers = {name.lower().removeprefix("ce-"): _text(value) for name, value in message.headers.items()}
    if headers.get("specversion") != "1.0":
        raise ValueError("not a CloudEvent 1.0")
    attributes: dict[str, object] = {
        name: value
        for name, value in headers.items()
        if not name.startswith("x-") and name not in ("content-type", "traceparent", "tracestate")
    }
    if attributes.get("time") == NO_TIME:
        del attributes["time"]
    return Event(_checked(attributes | {"datacontenttype": headers.get("content-type")}), message.body)


def to_amqp(event: Event) -> Message:
    """Return the persistent message of an event: attributes are headers by their bare names, data is the body."""
    content_type = _text(event.attributes.get("datacontenttype", ""))
    headers = {"time": NO_TIME} | event.attributes | {"content-type": content_type}
    headers.pop("datacontenttype", None)
    return Message(
        event.data,
        headers=dict(headers),
        message_id=_short(_text(event.attributes.get("id", ""))),
        content_type=_short(content_type) or None,
        delivery_mode=DeliveryMode.PERSISTENT,
    )


def validate(event: Event) -> None:
    """Raise ValueError for an event that CloudEvents 1.0 does not allow."""
    attributes = event.attributes
    for name in _REQUIRED:
        if not _text(attributes.get(name, "")).strip():
            raise ValueError(f"{name} must not be empty")
    if "datacontenttype" in attributes and not _MEDIA_TYPE.fullmatch(_text(attributes["datacontenttype"])):
        raise ValueError("datacontenttype must be a media type")
    if "dataschema" in attributes and not urlsplit(_text(attributes["dataschema"])).scheme:
        raise ValueError("dataschema must be an absolute URI")


def _structured(body: bytes) -> Event:
    try:
        return _unpacked(_members(body.decode()))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _members(text: str) -> dict[str, Member]:
    """Return an object's members in their order."""
    if not isinstance(json.loads(text), dict):
        raise ValueError("not a JSON object")  # noqa: TRY004  # the caller's data, not its code
    members, at = {}, 0
    while match := _MEMBER.match(text, at):
        value, at = _DECODER.raw_decode(text, match.end())
        members[json.loads(match["name"])] = Member(value, text[match.start("space") : at])
    return members


def _unpacked(members: dict[str, Member]) -> Event:
    order = list(members)
    data, encoded = members.pop("data", None), members.pop("data_base64", None)
    attributes = _checked({name: member.value for name, member in members.items()})
    if attributes.get("specversion") != "1.0":
        raise ValueError("not a CloudEvent 1.0")
    if encoded is not None:
        return Event(attributes, _decoded(encoded, order))
    if data is None:
        return Event(attributes, b"")
    if _media_type(_text(attributes.get("datacontenttype", ""))) in _JSON:
        return Event(attributes, data.text.encode())
    if not isinstance(data.value, str | None):
        raise ValueError("data that is not JSON must be a string")  # noqa: TRY004  # likewise
    return Event(attributes, (data.value or "").encode())


def _decoded(encoded: Member, order: list[str]) -> bytes:
    """Decode `data_base64`; a space before it is refused where only `specversion` stands before it, as in Go's SDK."""
    before = order[: order.index("data_base64")]
    if "specversion" in before and "datacontenttype" not in before and encoded.text[0].isspace():
        raise ValueError("data_base64 must follow its colon at once, or datacontenttype")
    return base64.b64decode(encoded.value, validate=True)


def _checked(members: Mapping[str, object]) -> dict[str, Attribute]:
    """Return the attributes as the broker keeps them: an empty optional one is none, times are UTC."""
    attributes: dict[str, Attribute] = {}
    for key, value in members.items():
        name = key.lower()
        if value is None or (value == "" and name in _OPTIONAL):
            continue
        if not _NAME.fullmatch(name):
            raise ValueError(f"an attribute's name is letters and digits, not {name!r}")
        if name in ("specversion", *_REQUIRED, *_OPTIONAL):
            attributes[name] = _utc(value) if name == "time" else _string(name, value)
        else:
            attributes[name] = _extension(name, value)
    return attributes


def _string(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a string")  # noqa: TRY004
    return value


def _extension(name: str, value: object) -> Attribute:
    if isinstance(value, str | bool):
        return value
    if isinstance(value, int | float) and -(2**31) <= value < 2**31:
        return int(value)
    raise ValueError(f"{name} must be a string, a boolean or an integer of 32 bits")


def _utc(value: object) -> str:
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise ValueError("time must be as of RFC 3339")
    try:
        moment = datetime.fromisoformat(value.upper()).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("time is before year 1 or after 9999") from error
    text = moment.isoformat().removesuffix("+00:00")
    return (text.rstrip("0") if "." in text else text) + "Z"


def _media_type(content_type: str | None) -> str:
    return (content_type or "").partition(";")[0].strip().lower()


def _short(text: str) -> str:
    encoded = text.encode()
    return encoded[: len(encoded) % _SHORT].decode(errors="ignore")


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
