"""Sends one event to one address as Knative's dispatcher does: binary mode, retries, back-off."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import aiohttp

from scripts.local.broker.message import Event, to_http

_RETRIED = (404, 408, 409, 429)


@dataclass(frozen=True)
class Retries:
    """How often an event is sent again, and the seconds before retry n: `delay` times n, or times 2 to the n."""

    count: int
    delay: float
    policy: str = "exponential"  # or linear

    def wait(self, number: int) -> float:
        return self.delay * (number if self.policy == "linear" else 2**number)


@dataclass(frozen=True)
class Answer:
    """What an address said last; the status is -1 where it said nothing."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def failed(self) -> bool:
        """Whether the status asks for another try. Any other one, a 422 too, counts as delivered."""
        return self.status < 0 or self.status >= 500 or self.status in _RETRIED


def client(timeout: float = 0) -> aiohttp.ClientSession:
    """Return a client that gives each attempt `timeout` seconds, 0 for as long as it takes."""
    # Functions close an idle connection after 2 s, and one that closes while a request is on its way loses it.
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=1)
    limits = aiohttp.ClientTimeout(total=timeout or None, sock_connect=30)
    return aiohttp.ClientSession(connector=connector, timeout=limits, skip_auto_headers=["Content-Type"])


async def send(session: aiohttp.ClientSession, url: str, event: Event, retries: Retries) -> Answer:
    """POST the event until an answer asks for no other try or the retries are used up; return the last answer."""
    headers = to_http(event)
    answer = await _post(session, url, headers, event.data)
    for number in range(1, retries.count + 1):
        if not answer.failed:
            break
        await asyncio.sleep(retries.wait(number))
        answer = await _post(session, url, headers, event.data)
    return answer


async def _post(session: aiohttp.ClientSession, url: str, headers: dict[str, str], body: bytes) -> Answer:
    try:
        async with session.post(url, headers=headers, data=body) as response:
            said = b""
            with suppress(aiohttp.ClientError, OSError, TimeoutError):  # a reply cut short is no reply
                said = await response.read()
            return Answer(response.status, response.headers, said)
    except (aiohttp.ClientError, OSError, ValueError):  # ValueError: an attribute that no HTTP header can carry
        return Answer(-1, {}, b"")
