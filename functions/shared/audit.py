"""The audit log: one line for each request, with the account, the client's address, the route and the outcome."""

import logging
import re
from contextvars import ContextVar

log = logging.getLogger("audit")

MAX_PATH_CHARACTERS = 200
_TOKEN = re.compile(r"[^/]{40,}")  # a part of a path as long as the token of a signed link: no route has a longer id

_account: ContextVar[str | None] = ContextVar("account", default=None)


def begin() -> None:
    """Forget the account of the thread's request before."""
    _account.set(None)


def identify(account: str) -> None:
    """Name the account that the current request is about: its caller's, or the one that somebody tries to log in to."""
    _account.set(account)


def write(method: str, path: str, address: str | None, status: int, outcome: str) -> None:
    """Write the line of the current request. `outcome` is `accepted`, or the class of the error that refused it.

    The path is without its query, which may hold a name, and without the token of a link. No header or body is written.
    """
    route = f"{method} {_TOKEN.sub('*', path)[:MAX_PATH_CHARACTERS]}"
    line = {"account": _account.get(), "address": address, "route": route, "status": status, "outcome": outcome}
    log.info("audit", extra=line)
