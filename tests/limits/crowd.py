"""Many who hold connections and do little with them, all in one thread."""

import asyncio
import resource
import time
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.person import Person
from tests.stacks import RunningStack

IDLE, SLOW = 1000, 200
FILES = 4096  # one for each connection, and others
LENGTH = 10 * 1024**2  # bytes that a slow upload announces
PATIENCE = 300  # seconds for the answer to a slow upload, and for the end of its connection


@dataclass(frozen=True)
class Cut:
    """How a slow upload ended: the answer's head, and after how many seconds it came. Its connection was closed."""

    status: int
    headers: str
    seconds: float


@dataclass(frozen=True)
class Crowd:
    """1000 connections that are kept after one request each, and 200 uploads of a byte a second, from all `sources`."""

    gateway: str
    authorization: str
    sources: list[str]

    def come(self) -> list[Cut]:
        """Hold all of them until the last slow upload is answered; return how each of those ended."""
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES, hard), hard))
        return asyncio.run(self._come())

    async def _come(self) -> list[Cut]:
        kept = [await self._idle(source) for source in self._of_sources(IDLE)]
        uploads = [self._slow(source) for source in self._of_sources(SLOW)]
        cuts = await asyncio.gather(*uploads)
        for writer in kept:
            writer.close()
        return cuts

    def _of_sources(self, count: int) -> list[str]:
        return [self.sources[number % len(self.sources)] for number in range(count)]

    async def _connect(self, source: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        parts = urlsplit(self.gateway)
        return await asyncio.open_connection(parts.hostname, parts.port, local_addr=(source, 0))

    async def _idle(self, source: str) -> asyncio.StreamWriter:
        reader, writer = await self._connect(source)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b" 200 " in await reader.readline()
        return writer

    async def _slow(self, source: str) -> Cut:
        reader, writer = await self._connect(source)
        head = f"PUT /upload?name=slow.mp4 HTTP/1.1\r\nHost: x\r\nAuthorization: {self.authorization}\r\n"
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


def crowd(stack: RunningStack, sources: list[str]) -> Crowd:
    """Return a crowd of one user's, from these addresses."""
    person = Person(stack.url, stack.mail)
    return Crowd(stack.url, str(person.http.headers["Authorization"]), sources)
