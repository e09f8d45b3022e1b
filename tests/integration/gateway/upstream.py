"""A stand-in for upload and download, which records what the gateway passes on and when."""

from collections.abc import Iterable, Iterator
from threading import Event
from typing import NamedTuple

from werkzeug import Request, Response
from werkzeug.datastructures import Headers

from tests.support.web import Answer, WebServer


class Asked(NamedTuple):
    method: str
    target: str
    headers: Headers
    protocol: str


class Upstream:
    """Answers `/jobs/STATUS` with that status, `/download/slowly` in two halves, and reads the body of `/upload`.

    `go` releases the second half of the download. `received` counts the bytes of the upload so far, `cut` is set when
    the upload is cut off.
    """

    def __init__(self) -> None:
        self.reset()
        self._server = WebServer(self._answer)
        self.url = self._server.url
        self.host = self.url.removeprefix("http://")

    def reset(self) -> None:
        self.asked: list[Asked] = []
        self.received = 0
        self.cut = Event()
        self.go = Event()

    def stop(self) -> None:
        self._server.close()

    def _answer(self, request: Request) -> Response:
        target, protocol = request.environ["RAW_URI"], request.environ["SERVER_PROTOCOL"]
        self.asked.append(Asked(request.method, target, Headers(request.headers), protocol))
        if request.method == "POST":
            self._receive(request)
            return _answer(202, [b"{}"])
        if request.path == "/download/slowly":
            return _answer(200, self._halves(), length=20)
        if request.path.startswith("/jobs/"):
            return _answer(int(request.path.removeprefix("/jobs/")), [b'{"title": "mine"}'])
        return _answer(200, [b"passed"])

    def _receive(self, request: Request) -> None:
        left = int(request.headers["Content-Length"])
        while left:
            data = request.environ["wsgi.input"].read1(min(left, 65536))
            if not data:
                self.cut.set()
                raise ConnectionError
            self.received += len(data)
            left -= len(data)

    def _halves(self) -> Iterator[bytes]:
        yield b"first half"
        self.go.wait(10)
        yield b"other half"


def _answer(status: int, body: Iterable[bytes], length: int | None = None) -> Response:
    answer = Answer(body, status, content_type="application/problem+json")
    answer.content_length = length if length is not None else sum(map(len, body))
    answer.headers["X-Content-Type-Options"] = "nosniff"
    if status == 503:
        answer.headers["Retry-After"] = "77"
    return answer
