"""This version's event functions on one store, with stand-ins for ffmpeg, the broker and the mail server."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

from bson import ObjectId
from cloudevents.http import CloudEvent
from pymongo.database import Database

from functions.convert.conversion import Conversion, Heartbeat, VideoEncoder
from functions.convert.converter import Converter
from functions.convert.encoder import Encoded
from functions.convert.scratch import Scratch, Workspace
from functions.notify.letter import Sender
from functions.notify.notifier import Notifier
from functions.shared.events import VIDEO_UPLOADED
from functions.shared.job.conversions import Conversions
from functions.shared.job.deliveries import Channel, Deliveries, Outcome
from functions.shared.job.options import Options
from functions.shared.media import Bucket
from functions.shared.mongo import Document
from functions.shared.settings import Url
from functions.sweep.sweeper import Sweeper
from tests.support.clock import advance


class Broker:
    def __init__(self) -> None:
        self.events: list[CloudEvent] = []

    def send(self, event: CloudEvent) -> None:
        self.events.append(event)


class MailServer:
    """`mails` are the numbers of mails by their Message-ID without its domain: `JOB.converted` or `JOB.failed`."""

    def __init__(self) -> None:
        self.mails: Counter[str] = Counter()

    def send(self, letter: EmailMessage) -> Outcome:
        self.mails[letter["Message-ID"].strip("<>").partition("@")[0]] += 1
        return Outcome.SENT


class Encoder:
    def encode(
        self, workspace: Workspace, _options: Options, heartbeat: Heartbeat, spent: Callable[[float], None]
    ) -> Encoded:
        heartbeat(0.5)
        spent(1.0)
        workspace.mp3.write_bytes(b"MP3 of " + workspace.video.read_bytes())
        return Encoded(1.0, b"")


class System:
    def __init__(self, database: Database[Document], scratch: Path, encoder: VideoEncoder | None = None) -> None:
        self.database = database
        self.broker, self.mail = Broker(), MailServer()
        self.deliveries = Deliveries(database, Channel.MAIL)
        videos = Bucket(database, "videos")
        conversion = Conversion(videos, Bucket(database, "mp3s"), Scratch(scratch), encoder or Encoder())
        self.converter = Converter(Conversions(database), conversion, videos, self.broker)
        sender, url = Sender("video2mp3 <no-reply@example.org>"), Url("http://video2mp3.example")
        self.notifier = Notifier(database, self.mail, sender, url)
        self.sweeper = Sweeper(database, self.broker, retention=timedelta(days=7), orphan_age=timedelta(hours=24))

    def job(self, job: ObjectId) -> Document:
        document = self.database["jobs"].find_one({"_id": job})
        assert document
        return document

    def deliver(self) -> None:
        """Deliver all events, twice each."""
        while self.broker.events:
            event = self.broker.events.pop(0)
            job = ObjectId(event["subject"])
            for _ in range(2):
                if event["type"] == VIDEO_UPLOADED:
                    self.converter.convert(job)
                else:
                    self.notifier.notify(job)

    def run(self, rounds: int = 6) -> None:
        """Let an hour pass, several times, each with a tick of the sweeper and the delivery of all its events."""
        for _ in range(rounds):
            self.sweeper.tick()
            self.deliver()
            advance(self.database, timedelta(hours=1))
