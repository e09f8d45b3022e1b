"""Who sends a request: the gateway states the address of its client, and proves itself by a password."""

from hmac import compare_digest
from typing import Any

ADDRESS, PASSWORD = "X-CLIENT-ADDRESS", "X-GATEWAY-PASSWORD"


def address(request: Any, peer: str, password: str) -> str:
    """Return the client's address, and remove both headers from gunicorn's request.

    Without the gateway's password it is that of the peer: anybody can send headers to a function's own route.
    """
    given = {name: value for name, value in request.headers if name in {ADDRESS, PASSWORD}}
    request.headers = [header for header in request.headers if header[0] not in {ADDRESS, PASSWORD}]
    known = password and compare_digest(given.get(PASSWORD, "").encode(), password.encode())
    return given.get(ADDRESS, peer) if known else peer
