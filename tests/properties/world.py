"""The system in one process: the handlers of all functions, several of some, and stand-ins for what is around them."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace
from typing import Self

import bson.objectid
import pytest
from bson import ObjectId
from cloudevents.http import CloudEvent
from pymongo import MongoClient
from pymongo.database import Database

from functions.convert import verdict
from functions.convert.conversion import Conversion, Heartbeat
from functions.convert.converter import Converter
from functions.convert.encoder import Encoded
from functions.convert.scratch import Scratch, Workspace
from functions.deadletter.replayer import Replayer
from functions.download import api as download
from functions.download.feeds import Feeds
from functions.download.library import Library
from functions.download.links import LinkKeys, Links
from functions.download.podcasts import Podcasts
from functions.download.streams import Streams
from functions.notify.letter import Sender
from functions.notify.notifier import Notifier
from functions.notify.server import ServerAway
from functions.shared.events import SinkAway
from functions.shared.job.conversions import Conversions
from functions.shared.job.deliveries import Outcome
from functions.shared.job.document import Reason
from functions.shared.job.kept import KeptVideos
from functions.shared.job.options import Options
from functions.shared.job.owned import Jobs
from functions.shared.job.owners import Owners
from functions.shared.media import Bucket
from functions.shared.mongo import Document
from functions.shared.settings import Url
from functions.shared.tokens import Verifier
from functions.shared.uploads import Uploads
from functions.sweep import garbage
from functions.sweep.sweeper import Sweeper
from functions.upload import api as upload
from functions.upload.quotas import MIB, Limits, Quotas
from functions.upload.receiver import Receiver
from functions.upload.resumable import Resumable
from functions.upload.space import Space
from functions.upload.tus import Tus
from tests.properties.actor import Actor, Fate
from tests.support.clock import advance
from tests.support.sessions import OpenSessions

RETENTION = timedelta(days=7)
KEEP = [0, 1]  # hours
LIMITS = Limits(8192 * MIB, 60, uploads_per_hour=1_000_000)  # time passes, but not for what is counted by the hour
LINKS = Links(LinkKeys("k" * 32), Url("https://gateway.example"))
REMEMBERED = 24  # events, of which any may be delivered again


class Clock:
    """Time passes here at once: the functions' clock goes ahead, and for MongoDB's what is stored moves back.

    The functions compare their own clock only with the ids of files; all else they compare with the server's.
    """

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def advance(self, database: Database[Document], passed: timedelta) -> None:
        self.ahead += passed
        advance(database, passed)

    @contextmanager
    def of_the_functions(self) -> Iterator[None]:
        """Let new ids and the deletion of orphans go by this clock until the block ends."""
        clock = self

        class Ahead(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Self:
                return cls.fromtimestamp(clock.now().timestamp(), tz)

        with pytest.MonkeyPatch.context() as patch:
            ahead = SimpleNamespace(time=lambda: time.time() + self.ahead.total_seconds())
            patch.setattr(bson.objectid, "time", ahead)
            patch.setattr(garbage, "datetime", Ahead)
            yield


class Surroundings:
    """What left the system: events by their id, and mails by their job and the end that they are about."""

    def __init__(self) -> None:
        self.events: dict[str, CloudEvent] = {}
        self.mails: Counter[tuple[ObjectId, str]] = Counter()
        self.bounced: set[tuple[ObjectId, str]] = set()

    def forget(self) -> None:
        self.events.clear()
        self.mails.clear()
        self.bounced.clear()


class Broker:
    """Takes an actor's events, or is away."""

    def __init__(self, actor: Actor, heard: Surroundings) -> None:
        self._actor, self._heard = actor, heard

    def send(self, event: CloudEvent) -> None:
        if self._actor.pause() == Fate.AWAY:
            raise SinkAway
        self._heard.events.pop(event["id"], None)
        self._heard.events[event["id"]] = event
        while len(self._heard.events) > REMEMBERED:
            del self._heard.events[next(iter(self._heard.events))]


class MailServer:
    """Takes an actor's mails, refuses them for good, or is away."""

    def __init__(self, actor: Actor, heard: Surroundings) -> None:
        self._actor, self._heard = actor, heard

    def send(self, letter: EmailMessage) -> Outcome:
        fate = self._actor.pause()
        if fate == Fate.AWAY:
            raise ServerAway
        job, _, end = letter["Message-ID"].strip("<>").partition("@")[0].partition(".")
        mail = (ObjectId(job), {"converted": "done"}.get(end, end))
        if fate == Fate.BAD:
            self._heard.bounced.add(mail)
            return Outcome.BOUNCED
        self._heard.mails[mail] += 1
        return Outcome.SENT


class Encoder:
    """Makes an MP3 that names its video; finds the video damaged; or fails because of a server problem."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    def encode(
        self, workspace: Workspace, _options: Options, heartbeat: Heartbeat, spent: Callable[[float], None]
    ) -> Encoded | Reason:
        fate = self._actor.pause()
        heartbeat(0.5)
        spent(0.1)
        if fate == Fate.AWAY:
            raise OSError("no space left")
        if fate == Fate.BAD:
            return verdict.DAMAGED
        workspace.mp3.write_bytes(b"MP3 of " + workspace.video.read_bytes())
        return Encoded(1.0, b"")


class Functions:
    """Builds the handler of a function for one actor after another, each with the rights of that function's user."""

    def __init__(self, urls: Mapping[str, str], keys: str, scratch: Path, heard: Surroundings) -> None:
        """`urls` are the functions' URLs of MongoDB by their names, `keys` the public keys of tokens."""
        self._urls, self._verifier, self._scratch, self._heard = urls, Verifier(keys), Scratch(scratch), heard

    def convert(self, actor: Actor) -> Converter:
        database = self._database("convert", actor)
        videos, mp3s, every_time = Bucket(database, "videos"), Bucket(database, "mp3s"), timedelta()
        conversion = Conversion(videos, mp3s, self._scratch, Encoder(actor), every_time)
        return Converter(Conversions(database), conversion, videos, Broker(actor, self._heard))

    def notify(self, actor: Actor) -> Notifier:
        sender, url = Sender("video2mp3 <no-reply@example.org>"), Url("http://video2mp3.example")
        return Notifier(self._database("notify", actor), MailServer(actor, self._heard), sender, url)

    def sweep(self, actor: Actor) -> Sweeper:
        database, broker = self._database("sweep", actor), Broker(actor, self._heard)
        return Sweeper(database, broker, retention=RETENTION, orphan_age=timedelta(hours=24))

    def replay(self, actor: Actor) -> Replayer:
        return Replayer(self._database("replay", actor))

    def upload(self, actor: Actor) -> dict[int, upload.Api]:
        """Return an upload for each of KEEP: how long it keeps videos."""
        database, broker = self._database("upload", actor), Broker(actor, self._heard)
        videos, quotas = Bucket(database, "videos"), Quotas(database, LIMITS, Space(database, 0))
        jobs, uploads, sessions = Jobs(database), Uploads(database), OpenSessions()

        def api(keep: int) -> upload.Api:
            receiver = Receiver(jobs, videos, quotas, sessions, broker, keep=keep)
            resumable = Resumable(uploads, jobs, videos, quotas=quotas, sessions=sessions, receiver=receiver)
            return upload.Api(receiver, Tus(resumable, receiver), quotas, self._verifier)

        return {keep: api(keep) for keep in KEEP}

    def download(self, actor: Actor) -> download.Api:
        database = self._database("download", actor)
        videos, mp3s = Bucket(database, "videos"), Bucket(database, "mp3s")
        library = Library(
            Jobs(database), KeptVideos(database), Owners(database), videos, mp3s, uploads=Uploads(database)
        )
        podcasts = Podcasts(Feeds(database), library, LINKS, Url("https://gateway.example"))
        return download.Api(library, LINKS, podcasts, Streams(threads=16), self._verifier)

    def _database(self, role: str, actor: Actor) -> Database[Document]:
        """Return what `mongo.database` does, but without waiting for the disk, which is not tested here."""
        client: MongoClient[Document] = MongoClient(self._urls[role], tz_aware=True, event_listeners=[actor])
        return client.get_default_database()
