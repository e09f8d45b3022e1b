"""A broker whose deliveries repeat, overtake each other, and are not acknowledged although they arrived."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from urllib.parse import urlsplit

import requests
from werkzeug import Request, Response

from scripts.local.broker.program import program
from scripts.local.stack import EVENTING
from tests.support.stacks import RunningStack
from tests.support.web import Answer, WebServer

# The fate of twenty deliveries: a tenth repeated, at once or later, a tenth late, one without an answer.
SOME = ["at once", "again later", "late", "late", "unheard", *["as it should"] * 15]
MOST = [*["at once"] * 6, *["again later"] * 3, *["late"] * 3, *["unheard"] * 3, *["as it should"] * 5]
LATE = 1.5  # seconds at most, in which others overtake


class Unruly:
    """A proxy in front of a function, at `url`; `counts` counts its deliveries by their fate in `fates`."""

    def __init__(self, function: str, fates: list[str], seed: int) -> None:
        self.counts: Counter[str] = Counter()
        self._function = function
        self._fates = fates
        self._random = random.Random(seed)
        self._next: list[str] = []
        self._lock = threading.Lock()
        self._later = ThreadPoolExecutor(8)
        self._server = WebServer(self._answer)
        self.url = self._server.url

    def close(self) -> None:
        """Take no more deliveries, and return when the repeated ones have been sent."""
        self._server.close()
        self._later.shutdown()

    def _answer(self, request: Request) -> Response:
        """Deliver as the drawn fate says, and return the function's answer unless it gets lost."""
        headers, body = dict(request.headers), request.get_data()
        fate, seconds = self._draw()
        if fate == "at once":
            self._later.submit(self._post, headers, body, 0)
        if fate == "again later":
            self._later.submit(self._post, headers, body, seconds)
        try:
            status = self._post(headers, body, seconds if fate == "late" else 0)
        except requests.RequestException as error:
            raise ConnectionError from error  # the function died: the caller's connection breaks too
        if fate == "unheard":
            raise ConnectionError
        return Answer(status=status)

    def _draw(self) -> tuple[str, float]:
        with self._lock:
            self._next = self._next or self._random.sample(self._fates, len(self._fates))
            fate = self._next.pop()
            self.counts[fate] += 1
            return fate, self._random.uniform(0.2, LATE)

    def _post(self, headers: dict[str, str], body: bytes, wait: float) -> int:
        time.sleep(wait)
        host = {"Host": urlsplit(self._function).netloc}
        return requests.post(self._function, data=body, headers=headers | host, timeout=120).status_code


@contextmanager
def unruly(stack: RunningStack, fates: list[str], seed: int) -> Iterator[list[Unruly]]:
    """Send each function's events through a proxy of its own until the block ends."""
    proxies = {name: Unruly(url, fates, seed) for name, url in stack.functions.items()}
    urls = {name: proxy.url for name, proxy in proxies.items()}
    port = next(urlsplit(it.address).port or 80 for it in stack.processes() if it.name == "broker")
    broker = program(EVENTING, urls, (stack.secrets / "rabbitmq/url").read_text(), port)
    with ExitStack() as ending:
        for proxy in proxies.values():
            ending.callback(proxy.close)
        ending.enter_context(stack.away("broker"))
        ending.callback(stack.supervisor.stop, ["unruly-broker"])
        stack.supervisor.start(replace(broker, name="unruly-broker"))
        yield list(proxies.values())
