"""Who sends a request: the gateway states what its client has asked, and proves itself by a password."""

from hmac import compare_digest
from typing import Any

ADDRESS, METHOD, PASSWORD = "X-CLIENT-ADDRESS", "X-ORIGINAL-METHOD", "X-GATEWAY-PASSWORD"


def address(request: Any, peer: str, password: str) -> str:
    """Return the client's address, and remove all headers that the gateway alone may send from gunicorn's request.

    With the gateway's password the client's method, about which it asks auth, stays. Without it the address is that of
    the peer: anybody can send headers to a function's own route.
    """
    given = {name: value for name, value in request.headers if name in {ADDRESS, PASSWORD}}
    known = password and compare_digest(given.get(PASSWORD, "").encode(), password.encode())
    removed = {ADDRESS, PASSWORD} if known else {ADDRESS, METHOD, PASSWORD}
    request.headers = [header for header in request.headers if header[0] not in removed]
    return given.get(ADDRESS, peer) if known else peer
