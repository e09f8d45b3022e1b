"""A stand-in for the broker, which keeps what it was told and answers as it should."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread


class Broker:
    def __init__(self) -> None:
        self.told: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.status = 202
        self.on_event: Callable[[dict[str, str]], object] = lambda _event: None
        broker = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                event = {name.lower(): value for name, value in self.headers.items()}
                body = self.rfile.read(int(event["content-length"]))
                broker.on_event(event)
                broker.bodies.append(body)
                broker.told.append(event)
                self.send_response(broker.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @contextmanager
    def behaving(self, *, status: int = 202, on_event: Callable[[dict[str, str]], object]) -> Iterator[None]:
        self.status, self.on_event = status, on_event
        try:
            yield
        finally:
            self.status, self.on_event = 202, lambda _event: None

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Take events and answer none until the block ends."""
        end = Event()
        with self.behaving(on_event=lambda _event: end.wait(30)):
            try:
                yield
            finally:
                end.set()
