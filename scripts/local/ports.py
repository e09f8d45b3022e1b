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


def free_port() -> int:
    """Return a random port on which nothing listens."""
    return next(port for port in iter(lambda: random.randint(*RANGE), None) if is_free(port))  # noqa: S311  # no secret


def answers(address: str) -> bool:
    """Whether a server accepts connections at `address`, which is `host:port` or a URL."""
    parts = urlsplit(address if "://" in address else f"//{address}")
    try:
        socket.create_connection((parts.hostname or HOST, parts.port or 80), timeout=5).close()
    except OSError:
        return False
    return True
