"""The rows about uploads and downloads, beside pymongo's own GridFS on the same mongod, and about memory."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench.measure import Spread, rounds, timed
from tests.bench.row import Row
from tests.bench.system import System
from tests.support.processes import MIB, Peaks


def upload(system: System) -> Iterator[Row]:
    blob = system.blob(1024)

    def ours() -> float:
        job = ""

        def put() -> None:
            nonlocal job
            job = system.put(blob)

        seconds = timed(put)
        assert system.person.call("DELETE", f"/jobs/{job}").status_code == 204
        return seconds

    def theirs() -> float:
        with system.raw() as raw, blob.open("rb") as body:
            return timed(lambda: raw.upload_from_stream("blob", body))

    yield _speeds("upload of 1 GiB through NGINX", "raw GridFSBucket put", 1024, 1.0, rounds(5, ours, theirs))


def resumable(system: System) -> Iterator[Row]:
    blob = system.blob(1024)

    def seconds_of(send: Callable[[], str]) -> float:
        job = ""

        def measured() -> None:
            nonlocal job
            job = send()

        seconds = timed(measured)
        assert system.person.call("DELETE", f"/jobs/{job}").status_code == 204
        return seconds

    def in_one_patch() -> float:
        upload = system.begin(blob)
        return seconds_of(lambda: system.patch(upload, blob))

    found = rounds(5, in_one_patch, lambda: seconds_of(lambda: system.put(blob)))
    yield _speeds("resumable upload of 1 GiB through NGINX, in one PATCH", "upload in one request", 1024, 0.95, found)


def download(system: System) -> Iterator[Row]:
    blob = system.blob(100)
    path = f"/download/{system.seeded_mp3(blob)}"
    with system.raw() as raw, blob.open("rb") as body:
        copy = raw.upload_from_stream("blob", body)

        def read() -> None:
            with raw.open_download_stream(copy) as stored:
                while stored.readchunk():
                    pass

        found = rounds(7, lambda: timed(lambda: system.get(path)), lambda: timed(read))
    yield _speeds("download of a 100 MB MP3 through NGINX", "raw GridFS read", 100, 0.75, found)


def memory(system: System, video: Path) -> tuple[list[Row], Peaks]:
    """Upload the video of 1 GiB, convert it and download a large MP3, then upload 256 MiB four at a time."""
    seeded = system.seeded_mp3(system.blob(100))
    with Peaks(system.processes()) as one:
        job = system.put(video)
        system.person.finished(job, 600)
        system.get(f"/download/{seeded}")
    blob = system.blob(256)
    with Peaks(system.processes()) as four, ThreadPoolExecutor(4) as uploads:
        jobs = list(uploads.map(system.put, [blob] * 4))
    for job in jobs:
        system.person.finished(job, 300)
    grown = {name: (one.peak[name] - one.idle[name]) / MIB for name in one.peak}
    convert = one.peak["convert"] / MIB
    by_four = (four.peak["upload"] - four.idle["upload"]) / MIB / 4
    rows = [
        _memory("upload, 1 GiB under way", "+64 MiB", f"+{grown['upload']:.0f} MiB", reached=grown["upload"] <= 64),
        _memory("upload, 4 under way", "+64 MiB each", f"+{by_four:.0f} MiB each", reached=by_four <= 64),
        _memory("download, 100 MB", "+64 MiB", f"+{grown['download']:.0f} MiB", reached=grown["download"] <= 64),
        _memory("convert with all its encoders", "256 MiB in all", f"{convert:.0f} MiB in all", reached=convert <= 256),
    ]
    return rows, one


def _speeds(what: str, against: str, mebibytes: int, goal: float, found: list[tuple[float, ...]]) -> Row:
    ratio = Spread.of([theirs / ours for ours, theirs in found])
    mine = Spread.of([mebibytes / ours for ours, _ in found])
    bare = Spread.of([mebibytes / theirs for _, theirs in found])
    measured = f"{ratio} times: {mine.median:.0f} MiB/s"
    return Row(what, f"{against}, {bare.median:.0f} MiB/s", f"at least {goal}", measured, ratio.median >= goal)


def _memory(what: str, goal: str, measured: str, *, reached: bool) -> Row:
    return Row(f"peak memory of {what}", "itself when idle", goal, measured, reached)
