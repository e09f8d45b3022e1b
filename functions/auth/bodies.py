"""JSON bodies of requests and answers."""

import json
from collections.abc import Mapping
from typing import Any

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from functions.shared.problems import Problem

MAX_BODY_BYTES = 16 * 1024


def read(request: Request) -> None:
    """Read the body, which werkzeug caches: an unread rest could reset the connection before the client has the answer.

    Raises a 413 problem if the body is too large.
    """
    request.max_content_length = MAX_BODY_BYTES
    try:
        request.get_data()
    except RequestEntityTooLarge as error:
        raise Problem(
            413, f"Request bodies are limited to {MAX_BODY_BYTES // 1024} KiB. Send a smaller body."
        ) from error


def texts(request: Request, *names: str) -> list[str]:
    """Return the strings with these names from the JSON body; raise a 400 problem if one is missing."""
    body = _members(request)
    found = [body.get(name) for name in names]
    if not all(isinstance(text, str) for text in found):
        shape = ", ".join(f'"{name}": "…"' for name in names)
        raise Problem(400, f"The body is not the expected JSON. Send {{{shape}}}.")
    return [str(text) for text in found]


def has(request: Request, name: str) -> bool:
    """Return whether the JSON body has a member with this name."""
    return name in _members(request)


def whole_number(request: Request, name: str, default: int) -> int:
    """Return the number with this name from the JSON body; raise a 400 problem for anything else, also for true."""
    number = _members(request).get(name, default)
    if type(number) not in {int, float} or number % 1 != 0:
        raise Problem(400, f"`{name}` must be a whole number.")
    return int(number)


def _members(request: Request) -> dict[str, Any]:
    """Return the members of the JSON body; an empty dict if it is no object."""
    try:
        body = json.loads(request.get_data())
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def answer(body: Mapping[str, object], status: int) -> Response:
    """Return a response that no cache stores: it holds one user's data."""
    text = json.dumps(body) + "\n"
    return Response(text, status, {"Cache-Control": "no-store"}, content_type="application/json")
