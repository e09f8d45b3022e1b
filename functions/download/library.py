"""One owner's jobs and MP3s: list, read, delete. Everything raises one of `mongo.AWAY` if the store does not answer."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from bson import ObjectId

from functions.download import chapters
from functions.download.errors import Gone, NotDone, NotFound, TooManyMp3s
from functions.shared.job.document import Job
from functions.shared.job.kept import KeptVideos
from functions.shared.job.owned import Jobs
from functions.shared.job.owners import Owners
from functions.shared.media import Bucket, File
from functions.shared.uploads import Uploads

DELETE_BATCH_JOBS = 100
MAX_ARCHIVE_MP3S = 1000
MAX_SHOWN_CHARACTERS = 40  # of what a caller names as a job

log = logging.getLogger("download")


@dataclass(frozen=True)
class Page:
    """Jobs, newest first; `before` is the id that the next page starts before, None on the last page."""

    jobs: list[Job]
    before: ObjectId | None


@dataclass(frozen=True)
class Track:
    """An MP3's file, and the name of its video."""

    file: File
    video_name: str


class Library:
    """Ids are texts as the caller sends them; an id that is not one is NotFound too."""

    def __init__(
        self, jobs: Jobs, kept: KeptVideos, owners: Owners, videos: Bucket, mp3s: Bucket, *, uploads: Uploads
    ) -> None:
        self._jobs = jobs
        self._uploads = uploads
        self._kept = kept
        self._owners = owners
        self._videos = videos
        self._mp3s = mp3s

    def page(self, owner: str, size: int, before: ObjectId | None) -> Page:
        """Return up to `size` jobs older than the job `before`, or the newest."""
        found = self._jobs.page(owner, size + 1, before)
        jobs = found[:size]
        return Page(jobs, jobs[-1].id if len(found) > size else None)

    def job(self, owner: str, job: str) -> Job:
        """Return the job, or raise NotFound."""
        found = self._jobs.get(owner, _id(job, "Job"))
        if found is None:
            raise _not_found("Job")
        return found

    def done(self, owner: str, job: str) -> Job:
        """Return the job; raise NotFound, or NotDone if it has no MP3."""
        found = self.job(owner, job)
        if found.mp3 is None:
            raise NotDone(job)
        return found

    def linked(self, job: ObjectId) -> Job:
        """Return the job of a signed link, or raise Gone if it was deleted."""
        found = self._jobs.of_link(job)
        if found is None:
            raise Gone("The MP3 was deleted. Ask the sender of the link for another one.")
        return found

    def tracks(self, owner: str, jobs: list[str]) -> list[Track]:
        """Return the MP3s of these jobs in their order; of all jobs, the newest first, if none is named.

        Raises NotFound or NotDone, which name the job, NotFound if there is no MP3, or TooManyMp3s.
        """
        if len(jobs) > MAX_ARCHIVE_MP3S:
            raise TooManyMp3s(MAX_ARCHIVE_MP3S)
        if jobs:
            return [self._track_of(owner, job) for job in jobs]
        found = self.newest(owner, MAX_ARCHIVE_MP3S + 1)
        if not found:
            raise _not_found("MP3")
        if len(found) > MAX_ARCHIVE_MP3S:
            raise TooManyMp3s(MAX_ARCHIVE_MP3S)
        return [self.track_of(job) for job in found]

    def newest(self, owner: str, limit: int) -> list[Job]:
        """Return up to `limit` jobs that have an MP3, newest first."""
        return self._jobs.with_mp3s(owner, limit)

    def track(self, owner: str, mp3: str) -> Track:
        """Return the MP3's file and name, or raise NotFound."""
        job = self._jobs.of_mp3(owner, _id(mp3, "MP3"))
        if job is None:
            raise _not_found("MP3")
        return self.track_of(job)

    def track_of(self, job: Job) -> Track:
        """Return the file and name of the job's MP3, or raise NotFound."""
        file = self._mp3s.find(job.mp3.id) if job.mp3 else None
        if file is None:
            raise _not_found("MP3")
        return Track(file, job.name)

    def read(self, track: Track, start: int, end: int) -> Iterator[bytes]:
        """Return the MP3's bytes from `start` to before `end`, in blocks.

        The first block is read before this returns: NotFound if it was deleted, or one of `mongo.AWAY`, can still be
        answered. A later block that is missing raises EOFError.
        """
        blocks = self._mp3s.read(track.file, start, end)
        try:
            first = next(blocks)
        except EOFError as error:
            raise _not_found("MP3") from error
        return _prepend(first, blocks)

    def tag(self, track: Track) -> bytes:
        """Return the ID3 tag in front of the MP3, no bytes if there is none; raise NotFound."""
        head = b"".join(self.read(track, 0, min(track.file.size, chapters.HEAD_BYTES)))
        size = min(track.file.size, chapters.tag_size(head))
        return b"".join(self.read(track, 0, size)) if size else b""

    def delete(self, owner: str, job: str) -> None:
        """Delete the job, then its files; raise NotFound if there is no such job.

        A video that another job needs goes with that one.
        A conversion in progress finds its job deleted and removes its own output.
        """
        deleted = self._jobs.delete(owner, _id(job, "Job"))
        if deleted is None:
            raise _not_found("Job")
        self._delete_files(deleted)

    def delete_all(self, owner: str) -> None:
        """Delete all of the owner's jobs and files; after a failure the next call continues."""
        while jobs := self._jobs.page(owner, DELETE_BATCH_JOBS, None):
            for job in jobs:
                if deleted := self._jobs.delete(owner, job.id):
                    self._delete_files(deleted)

    def delete_owner(self, owner: str) -> None:
        """Delete all that `delete_all` does, and let nothing new of the owner come, such as uploads in progress."""
        self._owners.delete(owner)
        self.delete_all(owner)
        while upload := self._uploads.take(owner):
            self._videos.delete(upload.id)

    def _track_of(self, owner: str, job: str) -> Track:
        try:
            return self.track_of(self.done(owner, job))
        except NotFound as error:
            raise _not_found(f"Job {job[:MAX_SHOWN_CHARACTERS]}") from error

    def _delete_files(self, job: Job) -> None:
        if not self._kept.is_needed(job):
            self._videos.delete(job.video, job.size)
        if job.mp3:
            self._mp3s.delete(job.mp3.id, job.mp3.size)
        self._uploads.forget(job.id)
        log.info("deleted", extra={"job": str(job.id), "user": job.owner})


def _prepend(first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    # A generator: closing it closes `blocks` too, and with them the store's cursor.
    yield first
    yield from blocks


def _id(text: str, kind: str) -> ObjectId:
    if not ObjectId.is_valid(text):
        raise _not_found(kind)
    return ObjectId(text)


def _not_found(kind: str) -> NotFound:
    return NotFound(f"{kind} not found. List your jobs with GET /jobs.")
