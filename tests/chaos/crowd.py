"""People who upload, and retry without a 202, as a real client does."""

import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import uuid4

import requests

from tests.chaos.clips import Clip
from tests.support.person import Person
from tests.support.receiver import Receiver
from tests.support.stacks import RunningStack
from tests.support.tus import BYTES, VERSION, metadata
from tests.support.waiting import eventually

EACH = 8  # uploads of a person, below the rate limit
AT_ONCE = 8
PATIENCE = 240  # seconds in which an upload gets its 202
LATER = {503, 423}  # 423: the killed process was writing to a resumable upload
ANSWERED = 11  # seconds in which every request has an answer


@dataclass(frozen=True)
class Upload:
    """An accepted upload."""

    person: Person
    clip: Clip


class Crowd:
    """Everybody has a webhook, which leads to `receiver`.

    `accepted` are the uploads with a 202 by their jobs' ids, `refused` counts the answers that asked for a retry.

    `odd` are wrong answers: any but 2xx or one of LATER with `Retry-After`, or one that took too long.
    `last` is when the last upload was accepted.
    """

    def __init__(self, stack: RunningStack, clips: list[Clip]) -> None:
        self.accepted: dict[str, Upload] = {}
        self.refused: Counter[str] = Counter()
        self.odd: list[str] = []
        self.last = time.monotonic()
        self.receiver = Receiver()
        self._stack = stack
        self._clips = clips
        self._people: list[Person] = []
        self._numbers = count()
        self._pool = ThreadPoolExecutor(AT_ONCE)

    def invite(self, uploads: int) -> None:
        """Register as many people as this many more uploads need, with their webhooks."""
        self._people = [Person(self._stack.url, self._stack.mail) for _ in range(-(-uploads // EACH))]
        for person in self._people:
            person.call("PUT", "/webhook", json={"url": self.receiver.url}).raise_for_status()
        self._numbers = count()

    def begin(self, uploads: int, every: float) -> Future[None]:
        """Begin to upload a video every `every` seconds; return a future that is done when all of them are accepted."""
        self.invite(uploads)
        done: Future[None] = Future()

        def run() -> None:
            try:
                under_way = []
                for _ in range(uploads):
                    under_way.append(self._pool.submit(self._upload, next(self._numbers)))
                    time.sleep(every)
                for upload in under_way:
                    upload.result()
                done.set_result(None)
            except BaseException as error:  # noqa: BLE001  # raised where the result is awaited
                done.set_exception(error)

        threading.Thread(target=run, daemon=True).start()
        return done

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        self.receiver.close()

    def ask(self, path: str, video: bytes | None = None) -> requests.Response | None:
        """Send a request, or the video, as this person; return the answer unless it is a 503."""
        return self._answer(self._people[0], "PUT" if video else "GET", path, data=video)

    def _upload(self, number: int) -> None:
        person, clip = self._people[number // EACH], self._clips[number % len(self._clips)]
        path, key = f"/upload?name={number}.{clip.kind}", {"Idempotency-Key": uuid4().hex}

        def send() -> str | None:
            answer = self._answer(person, "PUT", path, data=clip.content, headers=key)
            return str(answer.json()["id"]) if answer else None

        def send_resumably() -> str | None:
            return self._resumed(person, f"{number}.{clip.kind}", clip.content, key)

        job = eventually(send_resumably if number % 3 == 0 else send, PATIENCE, f"the 202 of video {number}", every=0.5)
        self.accepted[job] = Upload(person, clip)
        self.last = time.monotonic()

    def _resumed(self, person: Person, name: str, video: bytes, key: dict[str, str]) -> str | None:
        """Create the upload, or find it by its key, and send the first half or what is missing; return the job's id."""
        headers = VERSION | key | {"Upload-Length": str(len(video)), "Upload-Metadata": metadata(filename=name)}
        answer = self._answer(person, "POST", "/uploads", headers=headers)
        if answer and "Content-Location" not in answer.headers:
            offset = int(answer.headers["Upload-Offset"])
            part = video[offset:] if offset else video[: len(video) // 2]
            headers = BYTES | {"Upload-Offset": str(offset)}
            answer = self._answer(person, "PATCH", answer.headers["Location"], headers=headers, data=part)
        job = answer.headers.get("Content-Location") if answer else None
        return job.removeprefix("/jobs/") if job else None

    def _answer(self, person: Person, method: str, path: str, **options: Any) -> requests.Response | None:
        """Return the answer if it is a good one; count any other."""
        began = time.monotonic()
        try:
            answer = person.call(method, path, **options)
        except requests.RequestException:  # the killed process had the connection
            self.refused["none"] += 1
            return None
        seconds = time.monotonic() - began
        if seconds > ANSWERED or not (answer.ok or (answer.status_code in LATER and "Retry-After" in answer.headers)):
            self.odd.append(f"{path}: {answer.status_code} after {seconds:.1f} s: {answer.text}")
        if not answer.ok:
            self.refused[str(answer.status_code)] += 1
        return answer if answer.ok else None
