"""The network between a user and the gateway, which can be cut."""

import socket
import socketserver
import threading
from contextlib import suppress
from urllib.parse import urlsplit

PIECE_BYTES = 65536


class Line:
    """Forwards connections to `url` of this machine to the gateway, which sees them come from the address `source`.

    `sent` counts the bytes to the gateway.
    """

    def __init__(self, gateway: str, source: str) -> None:
        place = urlsplit(gateway)
        self._gateway = (place.hostname or "", place.port or 80)
        self._source = source
        self._left: int | None = None
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._cut = threading.Event()
        self.full = threading.Event()
        line = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                line.forward(self.request)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.sent = 0
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop_after(self, count: int) -> None:
        """Let so many bytes more go to the gateway; `full` is set when they have gone."""
        self.full.clear()
        self._cut.clear()
        self._left = count

    def cut(self) -> None:
        """End all connections, and let bytes through again."""
        with self._lock:
            self._left = None
            self._cut.set()
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._open.clear()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.cut()

    def forward(self, client: socket.socket) -> None:
        with socket.create_connection(self._gateway, source_address=(self._source, 0)) as gateway:
            with self._lock:
                self._open += [client, gateway]
            back = threading.Thread(target=self._copy, args=(gateway, client), daemon=True)
            back.start()
            self._copy(client, gateway, counted=True)
            back.join()

    def _copy(self, source: socket.socket, target: socket.socket, *, counted: bool = False) -> None:
        with suppress(OSError):
            while piece := source.recv(PIECE_BYTES):
                sent = piece
                if counted and self._left is not None:
                    sent = piece[: self._left]
                    self._left -= len(sent)
                target.sendall(sent)
                self.sent += len(sent) if counted else 0
                if counted and self._left == 0:
                    self.full.set()
                    self._cut.wait()
                    return
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)
