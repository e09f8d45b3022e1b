"""Converts a stored video: `video.uploaded` in, `audio.converted` or `conversion.failed` out."""

import logging
import os
from dataclasses import dataclass
from pathlib import Path

import functions_framework
from bson import ObjectId
from cloudevents.http import CloudEvent

from functions.convert import binary
from functions.convert.command import MAX_MP3_BYTES
from functions.convert.conversion import Conversion
from functions.convert.converter import Converter
from functions.convert.encoder import Encoder
from functions.convert.sandbox import Sandbox
from functions.convert.scratch import Scratch
from functions.shared import boundary, logs, mongo
from functions.shared.events import Sink
from functions.shared.job.conversions import Conversions
from functions.shared.media import Bucket
from functions.shared.retry import no_sink
from functions.shared.settings import Url, load


@dataclass(frozen=True)
class Settings:
    mongodb_url: Url
    scratch: str
    k_sink: Url | None = None  # set by a SinkBinding, possibly after the first start
    landlock_required: bool = False
    quota_cpu_seconds_per_hour: int = 7200


def wire(settings: Settings, sandbox: Sandbox) -> Converter | None:
    if settings.k_sink is None:
        return None
    database = mongo.database(settings.mongodb_url)
    videos, scratch = Bucket(database, "videos"), Scratch(Path(settings.scratch))
    conversions = Conversions(database, settings.quota_cpu_seconds_per_hour)
    conversion = Conversion(videos, Bucket(database, "mp3s"), scratch, Encoder(sandbox, conversions.any_waits))
    return Converter(conversions, conversion, videos, Sink(settings.k_sink))


logs.configure()
log = logging.getLogger("convert")
SETTINGS = load(Settings, os.environ)
sandbox = Sandbox(MAX_MP3_BYTES, binary.files(binary.FFMPEG))
if not sandbox.landlock:
    if SETTINGS.landlock_required:
        raise SystemExit("cannot start: this kernel has no Landlock, and LANDLOCK_REQUIRED asks for it")
    log.warning("no landlock: ffmpeg could read the files that this process may read")
converter = wire(SETTINGS, sandbox)


@functions_framework.cloud_event
@boundary.event("The store", mongo.AWAY)
def convert(event: CloudEvent) -> None:
    """Convert the video of the job that is the event's subject."""
    if converter is None:
        raise no_sink()
    subject = str(event.get("subject", ""))
    if ObjectId.is_valid(subject):
        converter.convert(ObjectId(subject))
    else:
        log.warning("not a job's id")
