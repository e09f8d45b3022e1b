"""A proxy that cuts connections off, as a bad network does."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from urllib.parse import urlsplit

RESET_AT_CLOSE = struct.pack("ii", 1, 0)


@contextmanager
def cutting(url: str, cuts: list[int]) -> Iterator[str]:
    """Yield the address of a proxy for `url`; of its connections each of the first is reset after so many bytes.

    The bytes of the client count; a connection that has fewer uses up none of `cuts`.
    """
    left = list(cuts)
    target = urlsplit(url)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=_accept, args=(listener, (target.hostname or "", target.port or 80), left), daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
    assert not left, f"cuts that never happened: {left}"


def _accept(listener: socket.socket, target: tuple[str, int], cuts: list[int]) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            server = socket.create_connection(target)
            Thread(target=_back, args=(server, client), daemon=True).start()
            Thread(target=_forth, args=(client, server, cuts), daemon=True).start()


def _forth(client: socket.socket, server: socket.socket, cuts: list[int]) -> None:
    passed = 0
    with client, server, suppress(OSError):
        while data := client.recv(65536):
            if cuts and passed + len(data) > cuts[0]:
                server.sendall(data[: cuts.pop(0) - passed])
                server.shutdown(socket.SHUT_RDWR)  # wakes the other thread, without which the socket stays open
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
                return
            passed += len(data)
            server.sendall(data)


def _back(server: socket.socket, client: socket.socket) -> None:
    with suppress(OSError):
        while data := server.recv(65536):
            client.sendall(data)
        client.shutdown(socket.SHUT_WR)
