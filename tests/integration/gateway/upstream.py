"""A stand-in for upload and download, which shows what the gateway passes on and when."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import NamedTuple
from urllib.parse import urlsplit


class Asked(NamedTuple):
    method: str
    target: str
    headers: dict[str, str]
    protocol: str


class Upstream:
    """Answers `/jobs/STATUS` with that status, `/download/slowly` in two halves, and reads the body of `/upload`.

    `go` lets the second half of the download follow. `received` has the bytes of the upload so far, `cut` is set when
    it broke off.
    """

    def __init__(self) -> None:
        upstream = self
        self.reset()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                upstream.asked.append(Asked(self.command, self.path, dict(self.headers), self.request_version))
                path = urlsplit(self.path).path
                if path == "/download/slowly":
                    self.answer(200, b"", length=20)
                    self.wfile.write(b"first half")
                    upstream.go.wait(10)
                    self.wfile.write(b"other half")
                elif path.startswith("/jobs/"):
                    self.answer(int(path.removeprefix("/jobs/")), b'{"title": "mine"}')
                else:
                    self.answer(200, b"passed")

            do_HEAD = do_DELETE = do_GET  # noqa: N815  # http.server's names

            def do_POST(self) -> None:
                upstream.asked.append(Asked(self.command, self.path, dict(self.headers), self.request_version))
                left = int(self.headers["Content-Length"])
                while left:
                    data = self.rfile.read1(min(left, 65536))
                    if not data:
                        upstream.cut.set()
                        return
                    upstream.received += len(data)
                    left -= len(data)
                self.answer(202, b"{}")

            def answer(self, status: int, body: bytes, length: int | None = None) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/problem+json")
                self.send_header("Content-Length", str(length or len(body)))
                self.send_header("X-Content-Type-Options", "nosniff")
                if status == 503:
                    self.send_header("Retry-After", "77")
                self.end_headers()
                self.wfile.write(b"" if self.command == "HEAD" else body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"http://{self.host}"
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def reset(self) -> None:
        self.asked: list[Asked] = []
        self.received = 0
        self.cut = Event()
        self.go = Event()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
