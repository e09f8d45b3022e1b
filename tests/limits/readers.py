"""Many downloads that are read at 2 KB/s each."""

import selectors
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from itertools import cycle, islice
from threading import Event, Thread
from urllib.parse import urlsplit

from tests.support.person import Person

WINDOW = 16 * 1024  # bytes that a reader's kernel buffers
BYTES_PER_SECOND = 2000


@contextmanager
def slow_readers(person: Person, path: str, addresses: list[str], count: int) -> Iterator[list[int]]:
    """Begin `count` downloads of `path` from these addresses and read them slowly while the block runs.

    Yields the status of each.
    """
    over = Event()
    with ExitStack() as connections:
        readers = [_begin(person, path, address) for address in islice(cycle(addresses), count)]
        for reader in readers:
            connections.enter_context(closing(reader))
        heads = [reader.recv(500) for reader in readers]
        reading = Thread(target=_read, args=(readers, over))
        reading.start()
        try:
            yield [int(head.split()[1]) for head in heads]
        finally:
            over.set()
            reading.join()


def _begin(person: Person, path: str, address: str) -> socket.socket:
    gateway = urlsplit(person.gateway)
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
    reader.settimeout(30)
    reader.bind((address, 0))
    reader.connect((gateway.hostname, gateway.port))
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {person.http.headers['Authorization']!s}\r\n\r\n"
    reader.sendall(head.encode())
    return reader


def _read(readers: list[socket.socket], over: Event) -> None:
    with selectors.DefaultSelector() as selector:
        for reader in readers:
            selector.register(reader, selectors.EVENT_READ)
        while not over.wait(1):
            for key, _ in selector.select(0):
                with suppress(OSError):  # aborted
                    key.fileobj.recv(BYTES_PER_SECOND)  # type: ignore[union-attr]  # a socket, as registered
