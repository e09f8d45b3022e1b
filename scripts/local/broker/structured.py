"""Structured CloudEvents: JSON objects, unpacked like Go's SDK does it, whose quirks the broker inherits."""

import base64
import json
import re
from typing import Any

_MEMBER = re.compile(r'\s*[{,]\s*(?P<name>"(?:[^"\\]|\\.)*")\s*:(?P<space>\s*)')
_JSON = ("", "application/json", "text/json")  # media types whose data is JSON; "+json" in general is not


def unpack(body: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the attributes of an event, unchecked, and its data; raise ValueError if `body` is no such event."""
    text = body.decode()
    try:
        members = json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(members, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004  # the sender's mistake, not a caller's
    data = _data(members, _texts(text))
    return {name: value for name, value in members.items() if name not in ("data", "data_base64")}, data


def _texts(text: str) -> dict[str, str]:
    """Return the text of each member's value of a JSON object, from the colon on."""
    texts, at = {}, 0
    while match := _MEMBER.match(text, at):
        _, at = json.JSONDecoder().raw_decode(text, match.end())
        texts[json.loads(match["name"])] = text[match.start("space") : at]
    return texts


def _data(members: dict[str, Any], texts: dict[str, str]) -> bytes:
    """Return JSON as it is written, any space before it included; other data as bytes."""
    if "data_base64" in members:
        before = list(members)[: list(members).index("data_base64")]
        if texts["data_base64"][0].isspace() and "datacontenttype" not in before:
            raise ValueError("there must be no space before data_base64, or datacontenttype must come first")
        return base64.b64decode(str(members["data_base64"]), validate=True)
    if "data" not in members:
        return b""
    if str(members.get("datacontenttype") or "").partition(";")[0].strip().lower() in _JSON:
        return texts["data"].encode()
    if not isinstance(members["data"], str):
        raise ValueError("data that is not JSON must be a string")  # noqa: TRY004  # likewise
    return members["data"].encode()
