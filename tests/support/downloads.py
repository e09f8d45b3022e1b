"""A stand-in for the download function, which records its requests and answers as the test defines."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from werkzeug import Request, Response

from tests.support.web import Answer, WebServer


class Downloads:
    def __init__(self) -> None:
        self.reset()
        self._server = WebServer(self._answer)
        self.url = self._server.url

    def reset(self) -> None:
        self.asked: list[tuple[str, str, str | None]] = []
        self.status = 204
        self.on_delete: Callable[[], object] = lambda: None

    def stop(self) -> None:
        self._server.close()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Do not listen until the block ends."""
        self._server.stop()
        try:
            yield
        finally:
            self._server.start()

    def _answer(self, request: Request) -> Response:
        self.asked.append((request.method, request.path, request.headers.get("Authorization")))
        self.on_delete()
        elsewhere = {"Location": f"{self.url}/elsewhere"} if 300 <= self.status < 400 else {}
        return Answer(status=self.status, headers=elsewhere)
