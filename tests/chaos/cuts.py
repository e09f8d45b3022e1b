"""Resumable uploads that are cut at random bytes: by their client, or by the death of what is behind it."""

import os
import random
import time
from collections import Counter
from contextlib import suppress
from threading import Thread

import requests
from bson import ObjectId
from gridfs import GridFSBucket

from functions.shared import mongo
from scripts.local.secrets import Secrets
from tests.support.callers import Caller
from tests.support.person import Person
from tests.support.stacks import RunningStack
from tests.support.tus import Tus, begin
from tests.support.waiting import eventually

KILLED = ("client", "upload", "gateway", "mongodb")
MIB = 1024**2
PIECE = 64 * 1024
AT_ONCE = 3.0  # seconds for which a body is sent at most: longer than what lies between two offsets that are noted
EACH = 10  # cuts of an upload


class Cuts:
    """Cuts uploads of one person; `counts` says what was killed how often."""

    def __init__(self, stack: RunningStack, seed: int) -> None:
        self.counts: Counter[str] = Counter()
        self._stack = stack
        self._random = random.Random(seed)
        self._store = mongo.database(Secrets(stack.secrets).read("mongodb-admin", "url"))

    def run(self, cuts: int) -> list[str]:
        """Upload videos until so many cuts have happened; return what is wrong with any of them.

        convert is away meanwhile, as it would delete the videos, which are none.
        """
        with self._stack.away("convert"):
            return self._run(cuts)

    def _run(self, cuts: int) -> list[str]:
        wrong = []
        while self.counts.total() < cuts:
            person = Person(self._stack.url, self._stack.mail)
            token = str(person.http.headers["Authorization"]).removeprefix("Bearer ")
            video = os.urandom(self._random.randrange(8 * MIB, 64 * MIB))
            upload = begin(Caller(self._stack.url, person.user, token), len(video))
            shown = 0
            for _ in range(min(EACH, cuts - self.counts.total())):
                what = KILLED[self.counts.total() % len(KILLED)]
                self._cut(upload, shown, video, what)
                self.counts[what] += 1
                offset = self._offset(upload)
                if not shown <= offset <= len(video):
                    wrong.append(f"{upload.id}: the offset went from {shown} to {offset} at {what}")
                if (shown := offset) == len(video):
                    break
            self._end(upload, video)
            stored = GridFSBucket(self._store, "videos").open_download_stream(ObjectId(upload.id)).read()
            if stored != video:
                wrong.append(f"{upload.id}: another video is stored")
            if self._store["jobs"].count_documents({"owner": person.user}) != 1:
                wrong.append(f"{upload.id}: not one job")
            person.call("DELETE", f"/jobs/{upload.id}").raise_for_status()
        return wrong

    def _cut(self, upload: Tus, offset: int, video: bytes, what: str) -> None:
        """Send from the offset, and kill something at a random moment meanwhile."""
        pause = self._random.choice([0, 0.001, 0.02])
        end = time.monotonic() + self._random.uniform(0, AT_ONCE)
        with suppress(OSError), upload.patching(offset, len(video) - offset) as sending:

            def send() -> None:
                with suppress(OSError):
                    for start in range(offset, len(video), PIECE):
                        if time.monotonic() > end + 1:
                            return
                        sending.send(video[start : start + PIECE])
                        time.sleep(pause)

            sender = Thread(target=send)
            sender.start()
            time.sleep(max(0, end - time.monotonic()))
            if what != "client":
                eventually(lambda: self._stack.killed(what), 20, f"a {what} to kill")
            sending.vanish()
            sender.join()

    def _offset(self, upload: Tus) -> int:
        """Return the offset as soon as the system is back."""
        return eventually(lambda: _shown(upload), 60, "the offset") - 1

    def _end(self, upload: Tus, video: bytes) -> None:
        """Send the rest, as often as it takes, and return when there is a job."""

        def done() -> bool:
            with suppress(requests.RequestException):
                head = upload.head()
                if head.status_code == 200 and "Content-Location" not in head.headers:
                    offset = int(head.headers["Upload-Offset"])
                    upload.patch(offset, video[offset:])
                return "Content-Location" in head.headers
            return False

        eventually(done, 60, "the job")


def _shown(upload: Tus) -> int | None:
    """Return one more than the offset, None if there is no answer."""
    with suppress(requests.RequestException):
        answer = upload.head()
        if answer.status_code == 200:
            return int(answer.headers["Upload-Offset"]) + 1
    return None
