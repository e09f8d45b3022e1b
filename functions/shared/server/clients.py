"""Who sends a request, and when: the gateway states what its client has asked, and proves itself by a password."""

import math
from contextvars import ContextVar
from hmac import compare_digest
from typing import Any, NamedTuple

ADDRESS, METHOD, TIME = "X-CLIENT-ADDRESS", "X-ORIGINAL-METHOD", "X-GATEWAY-TIME"
PASSWORD = "X-GATEWAY-PASSWORD"  # noqa: S105  # a header's name

# When the gateway forwarded the current request, in seconds since 1970; infinite if the gateway did not.
forwarded: ContextVar[float] = ContextVar("forwarded", default=math.inf)


class Client(NamedTuple):
    """The address of the client, and when the gateway forwarded its request, as in `forwarded`."""

    address: str
    forwarded: float


def client(request: Any, peer: str, password: str) -> Client:
    """Return the client, and remove all headers that the gateway alone may send from gunicorn's request.

    With the gateway's password the client's method, about which it asks auth, stays. Without it the address is that of
    the peer: anybody can send headers to a function's own route.
    """
    given = {name: value for name, value in request.headers if name in {ADDRESS, TIME, PASSWORD}}
    known = password and compare_digest(given.get(PASSWORD, "").encode(), password.encode())
    removed = {ADDRESS, TIME, PASSWORD} if known else {ADDRESS, METHOD, TIME, PASSWORD}
    request.headers = [header for header in request.headers if header[0] not in removed]
    if known:
        return Client(given.get(ADDRESS, peer), float(given.get(TIME, math.inf)))
    return Client(peer, math.inf)
