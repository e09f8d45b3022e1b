"""The rows of the table: each runs its pairs and compares the result with its target."""

import http.client
import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from bson import ObjectId
from gridfs import GridFSBucket
from pymongo import MongoClient

from functions.shared.job.conversions import Conversions
from functions.shared.job.document import Mp3
from functions.shared.job.owned import Jobs
from functions.shared.media import Bucket
from functions.shared.mongo import database
from tests.bench.measure import Spread, bare_ffmpeg, bare_ffmpegs, pairs, timed
from tests.support import figures
from tests.support.person import Person
from tests.support.processes import MIB, Peaks
from tests.support.waiting import eventually

BLOCK = 1 << 20


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    against: str
    goal: str
    measured: str
    reached: bool

    def cells(self) -> list[str]:
        verdict = "reached" if self.reached else "**missed**"
        return [self.what, self.against, self.goal, self.measured, verdict]

    def __str__(self) -> str:
        return figures.row(self.cells())


@dataclass(frozen=True)
class Bench:
    """A running stack, a user, its MongoDB, and a folder for files."""

    person: Person
    mongodb: str
    folder: Path
    processes: Callable[[], dict[str, int]]

    def short_clip(self, clip: Path) -> Row:
        found = pairs(9, lambda: self._to_mail(clip), lambda: bare_ffmpeg(clip, self.folder))
        more = Spread.of([ours - theirs for ours, theirs in found])
        bare = Spread.of([theirs for _, theirs in found])
        measured = f"{more} s more than {bare} s"
        return Row("10 s clip, POST to mail", "bare ffmpeg", "at most 0.25 s more", measured, more.median <= 0.25)

    def long_clip(self, clip: Path) -> Row:
        found = pairs(5, lambda: self._to_mail(clip), lambda: bare_ffmpeg(clip, self.folder))
        ratio = Spread.of([ours / theirs for ours, theirs in found])
        bare = Spread.of([theirs for _, theirs in found])
        what = f"10 min of 720p ({clip.stat().st_size / MIB:.0f} MiB), POST to mail"
        return Row(what, f"bare ffmpeg, {bare} s", "at most 1.15 times", f"{ratio} times", ratio.median <= 1.15)

    def many_clips(self, clip: Path) -> Row:
        clips = [clip] * 30
        lost = []

        def ours() -> float:
            self._reset_mail_allowance()
            before = self._mails()

            def all_mailed() -> None:
                with ThreadPoolExecutor(8) as uploads:
                    list(uploads.map(self._put, clips))
                eventually(lambda: self._mails() >= before + len(clips) or None, 300, "30 mails", every=0.01)

            seconds = timed(all_mailed)
            lost.append(before + len(clips) - self._mails())
            return seconds

        found = pairs(5, ours, lambda: bare_ffmpegs(clips, self.folder, 2))
        ratio = Spread.of([mine / theirs for mine, theirs in found])
        bare = Spread.of([theirs for _, theirs in found])
        measured = f"{ratio} times, {sum(lost)} lost"
        reached = ratio.median <= 1.3 and not any(lost)
        what = "30 clips of 10 s, 8 uploads at once, until the last mail"
        return Row(what, f"bare ffmpeg, 2 workers, {bare} s", "at most 1.3 times, none lost", measured, reached)

    def upload(self) -> Row:
        blob = self._blob(1024)

        def ours() -> float:
            job = ""

            def put() -> None:
                nonlocal job
                job = self._put(blob)

            seconds = timed(put)
            assert self.person.call("DELETE", f"/jobs/{job}").status_code == 204
            return seconds

        def theirs() -> float:
            with self._raw() as raw, blob.open("rb") as body:
                return timed(lambda: raw.upload_from_stream("blob", body))

        return self._speeds("upload of 1 GiB through NGINX", "raw GridFSBucket put", 1024, 1.0, pairs(5, ours, theirs))

    def download(self) -> Row:
        blob = self._blob(100)
        path = f"/download/{self._seeded_mp3(blob)}"
        with self._raw() as raw, blob.open("rb") as body:
            copy = raw.upload_from_stream("blob", body)

            def read() -> None:
                with raw.open_download_stream(copy) as stored:
                    while stored.readchunk():
                        pass

            found = pairs(7, lambda: timed(lambda: self._get(path)), lambda: timed(read))
        return self._speeds("download of a 100 MB MP3 through NGINX", "raw GridFS read", 100, 0.75, found)

    def memory(self, video: Path) -> tuple[list[Row], Peaks]:
        """Upload 1 GiB, convert it and download a large MP3, then upload 256 MiB four at a time."""
        seeded = self._seeded_mp3(self._blob(100))
        with Peaks(self.processes()) as one:
            job = self._put(video)
            self.person.finished(job, 300)
            self._get(f"/download/{seeded}")
        blob = self._blob(256)
        with Peaks(self.processes()) as four, ThreadPoolExecutor(4) as uploads:
            jobs = list(uploads.map(self._put, [blob] * 4))
        for job in jobs:
            self.person.finished(job, 300)
        grown = {name: (one.peak[name] - one.idle[name]) / MIB for name in one.peak}
        convert = one.peak["convert"] / MIB
        by_four = (four.peak["upload"] - four.idle["upload"]) / MIB / 4
        rows = [
            _memory_row(
                "upload, 1 GiB under way", "+64 MiB", f"+{grown['upload']:.0f} MiB", reached=grown["upload"] <= 64
            ),
            _memory_row("upload, 4 under way", "+64 MiB each", f"+{by_four:.0f} MiB each", reached=by_four <= 64),
            _memory_row(
                "download, 100 MB", "+64 MiB", f"+{grown['download']:.0f} MiB", reached=grown["download"] <= 64
            ),
            _memory_row(
                "convert with its ffmpeg", "200 MiB in all", f"{convert:.0f} MiB in all", reached=convert <= 200
            ),
        ]
        return rows, one

    def _to_mail(self, clip: Path) -> float:
        before = self._mails()

        def there_and_back() -> None:
            self._put(clip)
            eventually(lambda: self._mails() > before or None, 120, "a mail", every=0.005)

        return timed(there_and_back)

    def _mails(self) -> int:
        # Counted, not read: the check must not take the time that it measures.
        return sum(name.endswith(".eml") for name in os.listdir(self.person.mail))  # noqa: PTH208

    def _put(self, video: Path) -> str:
        with video.open("rb") as body:
            headers = {"Content-Length": str(video.stat().st_size)}
            return str(self._request("POST", f"/upload?name={video.name}", body, headers)["id"])

    def _get(self, path: str) -> None:
        connection = self._connection()
        connection.request("GET", path, headers=self._authorization())
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        while answer.read(BLOCK):
            pass
        connection.close()

    def _request(self, method: str, path: str, body: BinaryIO, headers: dict[str, str]) -> dict[str, Any]:
        connection = self._connection()
        connection.request(method, path, body, headers | self._authorization())
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        assert answer.status == 202, text
        return dict(json.loads(text))

    def _reset_mail_allowance(self) -> None:
        """Let the person have as many mails again as a recipient gets in 24 hours; the rows need more."""
        database(self.mongodb)["recipients"].delete_many({})

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(urlsplit(self.person.gateway).netloc, timeout=600, blocksize=BLOCK)

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": str(self.person.http.headers["Authorization"])}

    @contextmanager
    def _raw(self) -> Iterator[GridFSBucket]:
        client: MongoClient[dict[str, Any]] = MongoClient(self.mongodb)
        try:
            yield GridFSBucket(client["bench"])
        finally:
            client.drop_database("bench")
            client.close()

    def _seeded_mp3(self, blob: Path) -> ObjectId:
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

    def _blob(self, mebibytes: int) -> Path:
        path = self.folder / f"{mebibytes}-mib.bin"
        if not path.exists():
            with path.open("wb") as file:
                for _ in range(mebibytes):
                    file.write(os.urandom(MIB))
        return path

    @staticmethod
    def _speeds(what: str, against: str, mebibytes: int, goal: float, found: list[tuple[float, float]]) -> Row:
        ratio = Spread.of([theirs / ours for ours, theirs in found])
        mine = Spread.of([mebibytes / ours for ours, _ in found])
        bare = Spread.of([mebibytes / theirs for _, theirs in found])
        measured = f"{ratio} times: {mine.median:.0f} MiB/s"
        return Row(what, f"{against}, {bare.median:.0f} MiB/s", f"at least {goal}", measured, ratio.median >= goal)


def _memory_row(what: str, goal: str, measured: str, *, reached: bool) -> Row:
    return Row(f"peak memory of {what}", "itself when idle", goal, measured, reached)
