"""The minimum data rate of a download: without one, a client that hardly reads could occupy a thread for an hour."""

import logging
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from threading import Event, Thread

BLOCK_SECONDS = 30  # for a block of the MP3: one chunk of 255 KiB, or less
CHECK_INTERVAL_SECONDS = 1
RESET_AT_CLOSE = struct.pack("ii", 1, 0)

log = logging.getLogger("download")


def paced(blocks: Iterator[bytes], connection: socket.socket) -> Iterator[bytes]:
    """Yield the blocks, and shut `connection` down if the server needs longer than 30 s to send one of them.

    The server sends a block before it asks for the next one. `sendall` has no limit of its own while the client reads
    a byte now and then, so a second thread watches the time. The time in which the store is read does not count.
    """
    sending_since: float | None = None
    finished = Event()

    def watch() -> None:
        while not finished.wait(CHECK_INTERVAL_SECONDS):
            since = sending_since
            if since is not None and time.monotonic() - since > BLOCK_SECONDS:
                log.warning("download aborted: the client reads too slowly")
                with suppress(OSError):  # the client has closed the connection meanwhile
                    # Discard what is in the send buffer: a proxy in between, and the client, learn of the end at once.
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
                    connection.shutdown(socket.SHUT_RDWR)
                return

    Thread(target=watch, daemon=True).start()
    try:
        for block in blocks:
            sending_since = time.monotonic()
            yield block
            sending_since = None
    finally:
        finished.set()
