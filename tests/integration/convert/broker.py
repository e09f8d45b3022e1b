"""A stand-in for the broker's ingress: keeps the events that it gets."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass(frozen=True)
class Told:
    """One event as it came."""

    id: str
    kind: str
    source: str
    subject: str
    data: dict[str, Any]


class Broker:
    def __init__(self) -> None:
        self.told: list[Told] = []
        self._status = 202
        broker = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                kind, source, subject = (str(self.headers[f"ce-{name}"]) for name in ("type", "source", "subject"))
                if broker._status == 202:
                    broker.told.append(Told(str(self.headers["ce-id"]), kind, source, subject, json.loads(body)))
                self.send_response(broker._status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Answer 500 until the block ends."""
        self._status = 500
        try:
            yield
        finally:
            self._status = 202

    def about(self, job: object) -> list[Told]:
        return [event for event in self.told if event.subject == str(job)]
