"""A user who keeps using the product while it is under load."""

import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event

from tests.support.person import Person

PATIENCE = 200  # seconds for an answer
UPLOAD = "PUT /upload?name=a.mp4"
ASKED = {"GET /": 200, "GET /jobs": 200, "GET /auth/keys": 200, "GET /download/0123456789abcdef01234567": 404}


@dataclass
class Bystander:
    """`seconds` has each request's duration by its route, `wrong` every wrong answer."""

    person: Person
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    wrong: list[str] = field(default_factory=list)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Send requests all the time until the block ends."""
        over = Event()
        with ThreadPoolExecutor(2) as pool:
            asking, uploading = pool.submit(self._ask, over), pool.submit(self._upload, over)
            try:
                yield
            finally:
                over.set()
            asking.result()
            uploading.result()

    def milliseconds(self) -> tuple[float, float]:
        """Return the median and the 99th percentile, in ms, of all requests but uploads."""
        taken = [1000 * seconds for asked in ASKED for seconds in self.seconds[asked]]
        return statistics.median(taken), statistics.quantiles(taken, n=100)[98]

    def _ask(self, over: Event) -> None:
        while not over.wait(0.01):
            for asked, status in ASKED.items():
                self._call(asked, status)

    def _upload(self, over: Event) -> None:
        while not over.wait(2):
            self._call(UPLOAD, 202, data=b"no video")

    def _call(self, asked: str, status: int, data: bytes | None = None) -> None:
        method, path = asked.split(" ")
        began = time.monotonic()
        answer = self.person.http.request(method, self.person.gateway + path, data=data, timeout=PATIENCE)
        self.seconds[asked].append(time.monotonic() - began)
        if answer.status_code != status:
            self.wrong.append(f"{asked}: {answer.status_code} {answer.text}")
