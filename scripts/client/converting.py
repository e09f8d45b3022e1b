"""What happens to one video: upload, conversion, download."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Semaphore

from . import downloads, names
from .failures import Failure, Kind, Temporary
from .models import Job, Mp3
from .records import Record, Records
from .retrying import for_transfer
from .service import Service
from .tracking import Tracker
from .uploads import Upload
from .videos import Video

UPLOADS = 3  # at a time
FIRST_POLL_SECONDS, POLL_FACTOR, MOST_POLL_SECONDS = 0.3, 1.3, 5.0


@dataclass(frozen=True)
class Outcome:
    """What has become of a video or of a job: its MP3's path, None for standard output, or why there is none."""

    label: str
    target: Path | None
    job: Job | None = None
    skipped: bool = False
    failure: Failure | None = None


@dataclass(frozen=True)
class Existing:
    """What to do if the MP3's file exists."""

    force: bool = False
    skip: bool = False

    def leaves_out(self, target: Path | None) -> bool:
        """Return whether there is nothing to do; raise Failure if the file must not or cannot be written."""
        if target is None:
            return False
        if self.force or not os.path.lexists(target):
            downloads.prepare(target.parent)
            return False
        if self.skip:
            return True
        raise downloads.exists(target)


class Converter:
    def __init__(self, service: Service, records: Records, options: Mapping[str, str], existing: Existing) -> None:
        self._service = service
        self._records = records
        self._options = dict(options)
        self._existing = existing
        self._uploads = Semaphore(UPLOADS)

    def convert(self, video: Video, tracker: Tracker) -> Outcome:
        """Return what has become of the video; raise Failure."""
        if video.fault:
            raise video.fault
        if self._existing.leaves_out(video.target):
            return Outcome(video.label, video.target, skipped=True)
        with video.open() as file:
            record = self._records.of(video.path, self._options) if video.path else Record(None)
            length = os.fstat(file.fileno()).st_size
            words = {"filename": names.of_upload(video.path.name if video.path else "video"), **self._options}
            upload = Upload(self._service, file, words, record, length=length, tracker=tracker)
            job = self._known(record, tracker)
            if job is None:
                with self._uploads:
                    number = upload.send()
                job = ended(self._service, number, tracker)
        outcome = fetch(self._service, job, Outcome(video.label, video.target, job), tracker, self._existing)
        record.remove()
        return outcome

    def _known(self, record: Record, tracker: Tracker) -> Job | None:
        """Return the job of an earlier run, unless it was deleted or failed since."""
        if not record.job:
            return None
        try:
            job = ended(self._service, record.job, tracker)
        except Failure as failure:
            if failure.kind is not Kind.REFUSED:
                raise
            job = None
        if job is None or job.mp3 is None:
            record.restart()
            return None
        return job


def fetch(service: Service, job: Job, outcome: Outcome, tracker: Tracker, existing: Existing) -> Outcome:
    """Download the MP3 of an ended job to the outcome's target; raise Failure."""
    if job.mp3 is None:
        reason = job.reason
        text = f"{names.shortened(reason.message)} ({names.shown(reason.code)})" if reason else "There is no MP3."
        raise Failure(Kind.CONVERSION, text)
    if outcome.target is None:
        _write(service, job.mp3, tracker)
    else:
        downloads.save(service, job.mp3, outcome.target, tracker, force=existing.force)
    return outcome


def ended(service: Service, number: str, tracker: Tracker) -> Job:
    """Return the job when it has ended; raise Failure."""
    retrying, delay = for_transfer(service.stop, tracker.waits), FIRST_POLL_SECONDS
    while True:
        try:
            job = service.once("GET", f"/jobs/{number}").read(Job)
        except Temporary as failure:
            retrying.wait(failure)
            continue
        retrying.progress()
        if job.has_ended:
            return job
        tracker.converts(min(1.0, max(0.0, job.progress)))
        service.stop.wait(delay)
        delay = min(MOST_POLL_SECONDS, delay * POLL_FACTOR)


def _write(service: Service, mp3: Mp3, tracker: Tracker) -> None:
    try:
        for piece in downloads.pieces(service, mp3, 0, tracker):
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
    except OSError as error:
        raise Failure(Kind.FILE, f"Standard output cannot be written: {error.strerror}.") from error
