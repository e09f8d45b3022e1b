"""A stand-in for the broker: events go to a function as by the dispatcher, and come to an ingress that keeps them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import requests
from cloudevents.conversion import to_binary
from cloudevents.http import CloudEvent, from_http


def deliver(url: str, event: CloudEvent) -> requests.Response:
    """Bring the event to a function, as the dispatcher does."""
    headers, body = to_binary(event)
    return requests.post(url, data=body, headers=headers, timeout=60)


@dataclass
class Ear:
    """A broker's ingress that keeps what it hears; `status` is its answer."""

    url: str = ""
    status: int = 202
    heard: list[CloudEvent] = field(default_factory=list)

    def ids(self) -> list[str]:
        return sorted(event["id"] for event in self.heard)


@contextmanager
def listening() -> Iterator[Ear]:
    ear = Ear()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            ear.heard.append(from_http(dict(self.headers.items()), body))
            self.send_response(ear.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ear.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield ear
    server.shutdown()
    thread.join()
    server.server_close()
