"""An HTTP server of a test, which stands in for another part of the system."""

import logging
import socket
from collections.abc import Callable
from contextlib import suppress

from pytest_httpserver.httpserver import HTTPServerBase
from werkzeug import Request, Response
from werkzeug.exceptions import ClientDisconnected

logging.getLogger("werkzeug").setLevel(logging.WARNING)  # otherwise it logs each request


class Answer(Response):
    """An answer that has no content type unless the test gives it one."""

    default_mimetype = None


class WebServer(HTTPServerBase):
    """Listens at `url` on a free port, and answers each request in its own thread by `answer`.

    `answer` may block. It reads the body from `request.environ["wsgi.input"]` to read it in pieces, and
    closes the connection without an answer by raising ConnectionError. `close` raises any other exception of it.
    """

    def __init__(self, answer: Callable[[Request], Response], host: str = "127.0.0.1") -> None:
        super().__init__(host, 0, threaded=True)
        self._answer = answer
        self.start()
        self.url = f"http://{host}:{self.port}"

    def close(self) -> None:
        """Stop listening, unless a test has done it."""
        if self.is_running():
            self.stop()
        self.check_handler_errors()

    def dispatch(self, request: Request) -> Response:
        try:
            return self._answer(request)
        except (ConnectionError, ClientDisconnected):
            with suppress(OSError):  # the client is disconnected already
                request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise
        except Exception as error:
            self.handler_errors.append(error)
            raise

    def application(self, request: Request) -> Response:
        """Dispatch without reading the body first."""
        return self.dispatch(request)

    def thread_target(self) -> None:
        assert self.server
        self.server.serve_forever(poll_interval=0.02)
