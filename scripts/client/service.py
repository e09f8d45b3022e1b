"""The service's HTTP API: requests, and answers as values or failures that say what to do."""

import json
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from .failures import Failure, Kind, Temporary
from .names import shortened
from .retrying import Patience, Retrying, Stop
from .version import VERSION

M = TypeVar("M", bound=BaseModel)
CONNECT_SECONDS, READ_SECONDS = 10, 90  # a function may have to start from zero, on a busy node
MAX_ANSWER_BYTES, MAX_ANSWER_SECONDS = 8 * 1024 * 1024, 120
NONSENSE = "The answer makes no sense: is {url} the address of a video2mp3 service? `video2mp3 doctor` tells more."
LOGIN = "The service does not accept the login. Run `video2mp3 login`."
TEMPORARY = {429: Kind.BUSY, 507: Kind.BUSY, **dict.fromkeys((408, 423, 502, 503, 504), Kind.SERVICE)}
Auth = tuple[str, str]


class Answer:
    """A status with headers, and a body that was read whole."""

    def __init__(self, response: httpx.Response, body: bytes, url: str) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self._body = body
        self._url = url

    def read(self, model: type[M]) -> M:
        """Return the JSON body as such a value."""
        try:
            return model.model_validate_json(self._body)
        except ValidationError as error:
            raise self.nonsense() from error

    def detail(self) -> str:
        """Return what a problem document (RFC 9457) says, else an empty text."""
        try:
            problem = json.loads(self._body)
        except (ValueError, RecursionError):
            return ""
        detail = problem.get("detail") if isinstance(problem, dict) else None
        return shortened(detail) if isinstance(detail, str) else ""

    def nonsense(self) -> Failure:
        return Failure(Kind.SERVICE, NONSENSE.format(url=self._url))

    def number(self, header: str) -> int:
        text = self.headers.get(header, "")
        if not (text.isascii() and text.isdecimal() and len(text) < 19):
            raise self.nonsense()
        return int(text)


class Service:
    """Speaks to the service at `url`, with an API token unless a call has its own authentication."""

    def __init__(self, url: str, token: str | None, stop: Stop, patience: Patience) -> None:
        self.url = url
        self.stop = stop
        self._patience = patience
        timeout = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
        headers = {"User-Agent": f"video2mp3/{VERSION}", "Accept-Encoding": "identity"}
        # The machine's own CAs, or SSL_CERT_FILE.
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout, verify=ssl.create_default_context())
        self._token = token

    def call(self, method: str, path: str, *, repeat: bool = True, **options: Any) -> Answer:
        """Return a successful answer; raise Failure.

        A failure that may pass is tried again. One after which the service may have acted is not, unless `repeat`.
        """
        retrying = Retrying(self._patience, self.stop)
        while True:
            try:
                return self.once(method, path, **options)
            except Temporary as failure:
                if (
                    not repeat
                    and failure.kind is Kind.NETWORK
                    and not isinstance(failure.__cause__, httpx.ConnectError)
                ):
                    raise
                retrying.wait(failure)

    def once(self, method: str, path: str, *, accept: tuple[int, ...] = (), **options: Any) -> Answer:
        """Return the answer to one request if it is a success or has a status of `accept`; raise Failure."""
        with self.stream(method, path, **options) as response:
            answer = Answer(response, self._body(response), self.url)
        if answer.status in accept or 200 <= answer.status < 300:
            return answer
        raise self._failure(answer)

    @contextmanager
    def stream(
        self,
        method: str,
        path: str,
        *,
        auth: Auth | None = None,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Iterator[httpx.Response]:
        """Open the answer to one request; a failure of the network within the block is raised as Temporary."""
        self.stop.check()
        bearer = {"Authorization": f"Bearer {self._token}"} if self._token and not auth else {}
        try:
            with self._http.stream(
                method, path, auth=auth, headers={**bearer, **(headers or {})}, **options
            ) as response:
                yield response
        except (httpx.RemoteProtocolError, httpx.DecodingError) as error:
            if "disconnected" in str(error) or "closed" in str(error):
                raise self._lost(error) from error
            raise Failure(Kind.SERVICE, NONSENSE.format(url=self.url)) from error
        except httpx.LocalProtocolError:
            raise  # a fault of this program
        except httpx.TransportError as error:
            raise self._lost(error) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Failure(Kind.SERVICE, NONSENSE.format(url=self.url)) from error

    def refusal(self, response: httpx.Response) -> Failure:
        """Return why a streamed answer is no success."""
        return self._failure(Answer(response, self._body(response), self.url))

    def _lost(self, error: Exception) -> Temporary:
        cause = shortened(str(error) or type(error).__name__, 200)
        return Temporary(Kind.NETWORK, f"{self.url} cannot be reached: {cause}. `video2mp3 doctor` tells more.")

    def _body(self, response: httpx.Response) -> bytes:
        body, deadline = bytearray(), time.monotonic() + MAX_ANSWER_SECONDS
        for piece in response.iter_raw():
            body += piece
            if len(body) > MAX_ANSWER_BYTES or time.monotonic() > deadline:
                raise Failure(Kind.SERVICE, NONSENSE.format(url=self.url))
            self.stop.check()
        return bytes(body)

    def _failure(self, answer: Answer) -> Failure:
        detail = answer.detail() or f"The service answered {answer.status}."
        if kind := TEMPORARY.get(answer.status):
            return Temporary(kind, detail, _seconds(answer))
        if answer.status in {401, 403}:
            return Failure(Kind.LOGIN, LOGIN if answer.status == 401 else detail)
        if answer.status // 100 == 3:
            where = shortened(answer.headers.get("Location", ""), 200)
            return Failure(Kind.SERVICE, f"The service is elsewhere: {where}. Log in there (`video2mp3 login --url`).")
        return Failure(Kind.REFUSED if answer.status < 500 else Kind.SERVICE, detail)


def _seconds(answer: Answer) -> float | None:
    """Return what `Retry-After` says, if it is a number of seconds."""
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdecimal() and len(text) < 7 else None
