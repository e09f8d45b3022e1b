"""Free ports on loopback."""

import random
import socket
from urllib.parse import urlsplit

HOST = "127.0.0.1"
# Below the kernel's range for outgoing connections, one of which could occupy a server's port while the server
# restarts.
RANGE = (20000, 32000)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


_reservations: list[socket.socket] = []


def free_port() -> int:
    """Return a random port on which nothing listens, and reserve it until this process ends.

    Servers listen seconds later: without a reservation another process could choose the same port meanwhile. It is an
    abstract Unix socket with the port in its name, which only one process can bind.
    """
    while True:
        port = random.randint(*RANGE)  # noqa: S311  # no secret
        reservation = socket.socket(socket.AF_UNIX)
        try:
            reservation.bind(f"\0video2mp3-port-{port}")
        except OSError:
            reservation.close()
            continue
        _reservations.append(reservation)
        if is_free(port):
            return port


def answers(address: str) -> bool:
    """Whether a server accepts connections at `address`, which is `host:port` or a URL."""
    parts = urlsplit(address if "://" in address else f"//{address}")
    try:
        socket.create_connection((parts.hostname or HOST, parts.port or 80), timeout=5).close()
    except OSError:
        return False
    return True
