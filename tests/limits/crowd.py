"""Many clients that hold connections and do little with them, all in one thread."""

import asyncio
import resource
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle, islice
from urllib.parse import urlsplit

from tests.support.person import Person
from tests.support.stacks import RunningStack

IDLE, SLOW = 1000, 200
FILES = 4096  # one for each connection, and others
LENGTH = 10 * 1024**2  # bytes that a slow upload announces
WITHIN = 60  # seconds, until the slow ones have to be cut off
PATIENCE = 300  # seconds for the answer to a slow upload, and for the end of its connection


@dataclass(frozen=True)
class Cut:
    """How a slow upload ended: the answer's head, and after how many seconds it came. Its connection was closed."""

    status: int
    headers: str
    seconds: float


@dataclass(frozen=True)
class Crowd:
    """1000 connections that are kept after one request each, and 200 uploads of a byte a second.

    They come from `addresses`, each of which has an `Authorization` of its own.
    """

    gateway: str
    addresses: dict[str, str]

    def come(self) -> list[Cut]:
        """Hold all of them until the last slow upload is answered; return how each of those ended."""
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES, hard), hard))
        return asyncio.run(self._come())

    async def _come(self) -> list[Cut]:
        addresses = cycle(self.addresses)
        kept = [await self._idle(address) for address in islice(addresses, IDLE)]
        uploads = [self._slow(address) for address in islice(addresses, SLOW)]
        cuts = await asyncio.gather(*uploads)
        for writer in kept:
            writer.close()
        return cuts

    async def _connect(self, address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        parts = urlsplit(self.gateway)
        return await asyncio.open_connection(parts.hostname, parts.port, local_addr=(address, 0))

    async def _idle(self, address: str) -> asyncio.StreamWriter:
        reader, writer = await self._connect(address)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b" 200 " in await reader.readline()
        return writer

    async def _slow(self, address: str) -> Cut:
        reader, writer = await self._connect(address)
        head = f"PUT /upload?name=slow.mp4 HTTP/1.1\r\nHost: x\r\nAuthorization: {self.addresses[address]}\r\n"
        writer.write(f"{head}Content-Length: {LENGTH}\r\n\r\n".encode())
        began = time.monotonic()
        answer = asyncio.ensure_future(reader.readuntil(b"\r\n\r\n"))
        while not answer.done() and time.monotonic() - began < PATIENCE:
            writer.write(b"x")
            await asyncio.wait([answer], timeout=1)
        seconds = time.monotonic() - began
        headers = (await answer).decode()
        with suppress(ConnectionError):
            await asyncio.wait_for(reader.read(), PATIENCE)  # to its end
        writer.close()
        return Cut(int(headers.split()[1]), headers.lower(), seconds)


def crowd(stack: RunningStack, addresses: list[str]) -> Crowd:
    """Return a crowd from these addresses, a user at each."""
    people = {address: Person(stack.url, stack.mail) for address in addresses}
    return Crowd(stack.url, {address: str(person.http.headers["Authorization"]) for address, person in people.items()})
