"""A stand-in for the download function, which keeps what it was asked and answers as told."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class Downloads:
    def __init__(self) -> None:
        self.reset()
        self._start(0)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def reset(self) -> None:
        self.asked: list[tuple[str, str, str | None]] = []
        self.status = 204
        self.on_delete: Callable[[], object] = lambda: None

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Listen to nothing until the block ends."""
        self.stop()
        try:
            yield
        finally:
            self._start(self.port)

    def _start(self, port: int) -> None:
        downloads = self

        class Handler(BaseHTTPRequestHandler):
            def do_DELETE(self) -> None:
                downloads.asked.append((self.command, self.path, self.headers["Authorization"]))
                downloads.on_delete()
                self.send_response(downloads.status)
                if 300 <= downloads.status < 400:
                    self.send_header("Location", f"{downloads.url}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_DELETE  # noqa: N815  # http.server's name

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
