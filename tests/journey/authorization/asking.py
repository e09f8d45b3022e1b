"""How each route is requested, and how a resource is named in the request."""

import re
from itertools import count
from typing import Any

import requests

from tests.support.auth import PASSWORD
from tests.support.matrix import Cell
from tests.support.people import NO_RECEIVER, Member
from tests.support.person import From
from tests.support.stacks import RunningStack
from tests.support.tus import BYTES, metadata

VIDEO = b"this is no video"
_addresses = count(1)


def send(url: str, method: str, path: str, token: str | None, **options: Any) -> requests.Response:
    """Ask from an address of one's own, as the gateway counts by address."""
    number = next(_addresses)
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    with requests.Session() as http:
        http.mount("http://", From(f"127.9.{number // 250}.{number % 250 + 1}"))
        headers |= options.pop("headers", {})
        return http.request(method, url + path, headers=headers, timeout=30, **options)


def ask(stack: RunningStack, cell: Cell, caller: Member, named: Member, method: str = "") -> requests.Response:
    """Ask the cell's route at its door, as this caller, of that one's thing."""
    url = stack.url if cell.door == "gateway" else stack.functions[cell.function]
    ids = {"job": named.job, "mp3": named.mp3, "session": named.session, "token": named.opaque["read token"].id}
    ids |= {"link": named.link, "feed": named.feed, "upload": named.upload}
    path = re.sub(r"<(\w+)>", lambda name: ids[name[1]], cell.path)
    options = _uploading(cell, named) if path.startswith("/uploads") else _naming(cell, named)
    options["headers"] = options.get("headers", {}) | caller.headers(cell.credential)
    return send(url, method or cell.method, path, None, **options)


def _uploading(cell: Cell, named: Member) -> dict[str, Any]:
    """Return what a resumable upload needs."""
    new = {"Upload-Length": "10", "Upload-Metadata": metadata(filename="a.mp4"), "Idempotency-Key": named.key}
    return {"headers": BYTES | {"Upload-Offset": "0"} | new, "data": VIDEO if cell.method == "PATCH" else None}


def _naming(cell: Cell, named: Member) -> dict[str, Any]:
    """Return what names the thing: a route that takes no name is offered one all the same."""
    about = {"user": named.account.id, "sub": named.account.id, "email": named.account.email, "session": named.session}
    bodies: dict[str, dict[str, Any]] = {
        "/auth/register": {"password": PASSWORD},
        "/auth/verify-email": {"code": "00000000"},
        "/auth/forgot": {},
        "/auth/reset": {"code": "00000000", "password": "another good passphrase"},
        "/auth/login": {"password": "not the password"},
        "/auth/session": {"password": "not the password"},
        "/auth/tokens": {"name": "mine", "scope": "read"},
        "/auth/password": {"current": PASSWORD, "new": "another good passphrase"},
        "/auth/account": {"password": PASSWORD},
        "/webhook": {"url": NO_RECEIVER},
    }
    if cell.path in bodies and cell.method != "GET":
        return {"json": about | bodies[cell.path]}
    match cell.path:
        case "/upload":
            # Offered nothing more: an unknown word of the query is refused.
            return {"params": {"name": "a.mp4"}, "headers": {"Idempotency-Key": named.key}, "data": VIDEO}
        case "/jobs" | "/download.zip":
            return {"params": about | {"before": named.job, "job": named.job}}
        case _:
            return {"params": {} if cell.path.endswith("/again") else about}
