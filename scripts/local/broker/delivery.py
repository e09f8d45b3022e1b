"""Sends one event to one address as Knative's dispatcher does: in binary mode, with retries and backoff."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import aiohttp

from scripts.local.broker.message import Event, to_http

_RETRIED = (404, 408, 409, 429)


@dataclass(frozen=True)
class Answer:
    """The last response of an address; the status is -1 if there was none."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def failed(self) -> bool:
        """Whether the status asks for a retry. Any other one, even 422, counts as delivered."""
        return self.status < 0 or self.status >= 500 or self.status in _RETRIED


def client(timeout_seconds: float = 0) -> aiohttp.ClientSession:
    """Return a client that limits each attempt to `timeout_seconds`, or not at all if they are 0."""
    # Functions close an idle connection after 2 s, and a request sent at that very moment would be lost.
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=1)
    limits = aiohttp.ClientTimeout(total=timeout_seconds or None, sock_connect=30)
    return aiohttp.ClientSession(connector=connector, timeout=limits, skip_auto_headers=["Content-Type"])


async def send(session: aiohttp.ClientSession, url: str, event: Event, waits: Iterable[float]) -> Answer:
    """POST the event until a response asks for no retry or `waits`, in seconds, are used up; return the last one."""
    headers = to_http(event)
    answer = await _post(session, url, headers, event.data)
    for wait in waits:
        if not answer.failed:
            break
        await asyncio.sleep(wait)
        answer = await _post(session, url, headers, event.data)
    return answer


async def _post(session: aiohttp.ClientSession, url: str, headers: dict[str, str], body: bytes) -> Answer:
    try:
        async with session.post(url, headers=headers, data=body) as response:
            return Answer(response.status, response.headers, await response.read())
    except (aiohttp.ClientError, OSError, ValueError):  # ValueError: an attribute that no HTTP header can carry
        return Answer(-1, {}, b"")
