"""Free ports on loopback."""

import random
import socket
from urllib.parse import urlsplit

HOST = "127.0.0.1"
# Below the range that the kernel takes for outgoing connections: there, one of them could sit on a server's port
# just when the server is started again.
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
    """Return a port nobody listens on, by chance another one each time."""
    return next(port for port in iter(lambda: random.randint(*RANGE), None) if is_free(port))  # noqa: S311  # no secret


def answers(address: str) -> bool:
    """Whether somebody accepts connections at `host:port` or at a URL of it."""
    parts = urlsplit(address if "://" in address else f"//{address}")
    try:
        socket.create_connection((parts.hostname or HOST, parts.port or 80), timeout=5).close()
    except OSError:
        return False
    return True
