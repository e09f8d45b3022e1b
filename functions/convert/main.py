"""Converts a stored video: `video.uploaded` in, `audio.converted` or `conversion.failed` out."""

import logging
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import functions_framework
from bson import ObjectId
from cloudevents.http import CloudEvent
from werkzeug.exceptions import ServiceUnavailable

from functions.convert.command import LARGEST
from functions.convert.conversion import Conversion
from functions.convert.encoder import Encoder
from functions.convert.sandbox import Sandbox
from functions.convert.scratch import Scratch
from functions.shared import boundary, logs, mongo
from functions.shared.events import Sink, SinkAway, audio_converted, conversion_failed
from functions.shared.job.conversions import GAVE_UP, Attempt, Conversions, Lost
from functions.shared.job.document import Mp3, Reason
from functions.shared.media import Bucket
from functions.shared.settings import Url, load


@dataclass(frozen=True)
class Settings:
    mongodb_url: Url
    k_sink: Url
    scratch: str
    landlock_required: bool = False


logs.configure()
log = logging.getLogger("convert")
SETTINGS = load(Settings, os.environ)
database = mongo.database(SETTINGS.mongodb_url)
conversions = Conversions(database)
videos = Bucket(database, "videos")
sandbox = Sandbox(LARGEST)
conversion = Conversion(videos, Bucket(database, "mp3s"), Scratch(Path(SETTINGS.scratch)), Encoder(sandbox))
sink = Sink(SETTINGS.k_sink)

if not sandbox.landlock:
    if SETTINGS.landlock_required:
        raise SystemExit("cannot start: this kernel has no Landlock, and LANDLOCK_REQUIRED asks for it")
    log.warning("no landlock: ffmpeg could read the files that this process may read")


@functions_framework.cloud_event
@boundary.event("The store", mongo.AWAY)
def convert(event: CloudEvent) -> None:
    """Convert the subject's video. 503: deliver again, the fault was ours."""
    subject = str(event.get("subject", ""))
    if not ObjectId.is_valid(subject):
        log.warning("not a job's id")
        return
    job = ObjectId(subject)
    attempt = conversions.claim(job)
    ended = _attempt(attempt) if attempt else _known_end(job)
    if ended:
        _tell(job, ended)
        if ended != GAVE_UP:  # then a replay needs it
            videos.delete(job)


def _attempt(attempt: Attempt) -> Mp3 | Reason | None:
    try:
        return _convert(attempt)
    except Lost:  # at whatever point, also when it is to be given back
        log.info("the job is deleted or another attempt has it")
        return None


def _convert(attempt: Attempt) -> Mp3 | Reason:
    began = time.monotonic()
    try:
        ended = conversion.run(attempt)
    except (OSError, subprocess.SubprocessError) as error:
        log.warning("attempt failed by our fault", extra={"error": str(error), "tries": attempt.tries})
        if not attempt.give_back():
            raise ServiceUnavailable("The conversion could not be done now", retry_after=30) from error
        return GAVE_UP
    names = {"code": ended.code} if isinstance(ended, Reason) else {"mp3": str(ended.id), "duration": ended.duration}
    log.info("ended", extra=names | {"seconds": round(time.monotonic() - began, 3)})
    return ended


def _known_end(job: ObjectId) -> Mp3 | Reason | None:
    """Return how a job ended that cannot be claimed, which ends one whose attempts are used up and over."""
    conversions.give_up(job)
    found = conversions.find(job)
    ended = (found.mp3 or found.reason) if found else None
    log.info("told again" if ended else "busy or waiting" if found else "no such job")
    return ended


def _tell(job: ObjectId, ended: Mp3 | Reason) -> None:
    if isinstance(ended, Reason):
        event = conversion_failed(str(job), ended.code)
    else:
        event = audio_converted(str(job), str(ended.id))
    try:
        sink.send(event)
    except SinkAway as error:
        log.warning("not told, the sweeper will", extra={"error": str(error)})
