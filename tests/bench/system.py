"""The system under measurement: a running stack, used as a person does, and its MongoDB."""

import http.client
import json
import os
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlencode, urlsplit

from bson import ObjectId
from gridfs import GridFSBucket
from pymongo import MongoClient

from functions.shared.job.conversions import Conversions
from functions.shared.job.document import Mp3
from functions.shared.job.owned import Jobs
from functions.shared.media import Bucket
from functions.shared.mongo import database
from tests.bench.measure import timed
from tests.support.person import Person
from tests.support.processes import MIB
from tests.support.waiting import eventually

BLOCK = 1 << 20
TUS = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}


@dataclass(frozen=True)
class System:
    """A stack's user and MongoDB, a folder for files, and the ids of its processes by name."""

    person: Person
    mongodb: str
    folder: Path
    processes: Callable[[], dict[str, int]]

    def to_mail(self, *videos: Path, at_once: int = 1, **options: str) -> float:
        """Return the seconds from the first POST, with these options of the MP3, until the last mail is there."""
        # The rows need more mails than a recipient gets in 24 hours, and more uploads than a user has in one.
        for limited in ("recipients", "quotas"):
            database(self.mongodb)[limited].delete_many({})
        expected = self._mails() + len(videos)

        def there_and_back() -> None:
            with ThreadPoolExecutor(at_once) as uploads:
                list(uploads.map(lambda video: self.put(video, **options), videos))
            eventually(lambda: self._mails() >= expected or None, 600, f"{len(videos)} mails", every=0.005)

        return timed(there_and_back)

    def put(self, video: Path, **options: str) -> str:
        """Upload the video with these options of its MP3; return its job's id."""
        with video.open("rb") as body:
            headers = {"Content-Length": str(video.stat().st_size)}
            return str(
                self._request("POST", f"/upload?{urlencode({'name': video.name} | options)}", body, headers)["id"]
            )

    def begin(self, video: Path) -> str:
        """Create a resumable upload of the video; return its path."""
        name = b64encode(video.name.encode()).decode()
        headers = {"Upload-Length": str(video.stat().st_size), "Upload-Metadata": f"filename {name}"} | TUS
        return self._ask("POST", "/uploads", None, headers)["Location"]

    def patch(self, upload: str, video: Path) -> str:
        """Send the whole video by one PATCH; return its job's id."""
        with video.open("rb") as body:
            headers = {"Content-Length": str(video.stat().st_size), "Upload-Offset": "0"} | TUS
            return self._ask("PATCH", upload, body, headers)["Content-Location"].removeprefix("/jobs/")

    def get(self, path: str) -> None:
        """Read an answer to its end."""
        connection = self._connection()
        connection.request("GET", path, headers=self._authorization())
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        while answer.read(BLOCK):
            pass
        connection.close()

    @contextmanager
    def raw(self) -> Iterator[GridFSBucket]:
        """Give pymongo's own GridFS on the same mongod, in a database of its own."""
        client: MongoClient[dict[str, Any]] = MongoClient(self.mongodb)
        try:
            yield GridFSBucket(client["bench"])
        finally:
            client.drop_database("bench")
            client.close()

    def seeded_mp3(self, blob: Path) -> ObjectId:
        """Store the file as the MP3 of a finished job of this person, as if converted."""
        store = database(self.mongodb)
        owner = self.person.user
        with Bucket(store, "mp3s").writer() as writer, blob.open("rb") as body:
            while block := body.read(BLOCK):
                writer.write(block)
            file = writer.commit()
        job = Jobs(store).create(ObjectId(), owner=owner, email=self.person.address, name="seed.mp4", size=1, key=None)
        attempt = Conversions(store).claim(job.id)
        assert attempt
        attempt.commit(Mp3(file.id, file.size, 1.0))
        return file.id

    def blob(self, mebibytes: int) -> Path:
        """Return a file of random bytes."""
        path = self.folder / f"{mebibytes}-mib.bin"
        if not path.exists():
            with path.open("wb") as file:
                for _ in range(mebibytes):
                    file.write(os.urandom(MIB))
        return path

    def _mails(self) -> int:
        # Counted, not read: the check must not take the time that it measures.
        return sum(name.endswith(".eml") for name in os.listdir(self.person.mail))  # noqa: PTH208

    def _ask(self, method: str, path: str, body: BinaryIO | None, headers: dict[str, str]) -> Message:
        """Return the headers of the answer."""
        connection = self._connection()
        connection.request(method, path, body, headers | self._authorization())
        answer = connection.getresponse()
        assert answer.status in {201, 204}, answer.read()
        connection.close()
        return answer.headers

    def _request(self, method: str, path: str, body: BinaryIO, headers: dict[str, str]) -> dict[str, Any]:
        connection = self._connection()
        connection.request(method, path, body, headers | self._authorization())
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        assert answer.status == 202, text
        return dict(json.loads(text))

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(urlsplit(self.person.gateway).netloc, timeout=600, blocksize=BLOCK)

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": str(self.person.http.headers["Authorization"])}
