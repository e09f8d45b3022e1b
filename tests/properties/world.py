"""The system in one process: each function's own `main.py`, some of them several times, and what is around them."""

import importlib.util
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from email.message import EmailMessage
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Self

import bson.objectid
import pytest
from bson import ObjectId
from cloudevents.http import CloudEvent
from pymongo import MongoClient
from pymongo.database import Database

from functions.convert import conversion, verdict
from functions.convert.scratch import Room, Scratch
from functions.deadletter.replay import Replay
from functions.notify.server import ServerAway
from functions.shared import logs, mongo
from functions.shared.events import SinkAway
from functions.shared.job.deliveries import Outcome
from functions.shared.job.document import Reason
from functions.shared.media import Bucket
from functions.shared.mongo import Document
from functions.sweep import collection, retelling
from scripts.local.supervision import REPOSITORY
from tests.properties.actor import Actor, Fate

TIMES = ("created", "lease", "finished", "told.again", "mail.lease", "mail.at", "mail.told.again")
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
        back = passed // timedelta(milliseconds=1)
        for name in TIMES:
            change = [{"$set": {name: {"$subtract": [f"${name}", back]}}}]
            database["jobs"].update_many({name: {"$type": "date"}}, change)

    @contextmanager
    def of_the_functions(self) -> Iterator[None]:
        """Let new ids and the collection of orphans go by this clock until the block ends."""
        clock = self

        class Ahead(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Self:
                return cls.fromtimestamp(clock.now().timestamp(), tz)

        with pytest.MonkeyPatch.context() as patch:
            ahead = SimpleNamespace(time=lambda: time.time() + self.ahead.total_seconds())
            patch.setattr(bson.objectid, "time", ahead)
            patch.setattr(collection, "datetime", Ahead)
            yield


class Surroundings:
    """What the world has heard: events by their id, and mails by their job and what they say of it."""

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
    """Makes an MP3 that says of which video it is; finds the video damaged; or breaks down."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    def encode(self, room: Room, beat: Any) -> float | Reason:
        fate = self._actor.pause()
        beat(0.5)
        if fate == Fate.AWAY:
            raise OSError("no space left")
        if fate == Fate.BAD:
            return verdict.DAMAGED
        room.mp3.write_bytes(b"MP3 of " + room.video.read_bytes())
        room.tags.write_text(";FFMETADATA1\n")
        return 1.0


class Functions:
    """Makes one actor after another ready to run a function, each with the rights of that function's user."""

    def __init__(self, urls: Mapping[str, str], env: Mapping[str, str], heard: Surroundings) -> None:
        self._urls, self._env, self._heard = urls, dict(env), heard

    def convert(self, actor: Actor) -> ModuleType:
        main = self._load("convert", actor)
        main.sink = Broker(actor, self._heard)  # type: ignore[attr-defined]
        scratch = Scratch(Path(self._env["SCRATCH"]))
        mp3s = Bucket(main.database, "mp3s")
        main.conversion = conversion.Conversion(main.videos, mp3s, scratch, Encoder(actor))  # type: ignore[arg-type,attr-defined]
        return main

    def notify(self, actor: Actor) -> ModuleType:
        main = self._load("notify", actor)
        main.server = MailServer(actor, self._heard)  # type: ignore[attr-defined]
        return main

    def upload(self, actor: Actor) -> ModuleType:
        main = self._load("upload", actor)
        main.sink = Broker(actor, self._heard)  # type: ignore[attr-defined]
        return main

    def sweep(self, actor: Actor) -> ModuleType:
        main = self._load("sweep", actor)
        main.retelling = retelling.Retelling(main.database, Broker(actor, self._heard))  # type: ignore[arg-type,attr-defined]
        return main

    def download(self, actor: Actor) -> ModuleType:
        return self._load("download", actor)

    def replay(self, actor: Actor) -> Replay:
        return Replay(self._database("replay", actor))

    def _load(self, function: str, actor: Actor) -> ModuleType:
        """Load the function's main.py by its path, as functions-framework does."""
        name = f"{function}_{id(actor)}"
        spec = importlib.util.spec_from_file_location(name, REPOSITORY / f"functions/{function}/main.py")
        assert spec
        assert spec.loader
        main = importlib.util.module_from_spec(spec)
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(sys.modules, name, main)
            patch.setattr(logs, "configure", lambda: None)
            patch.setattr(mongo, "database", lambda _url: self._database(function, actor))
            for variable, value in (self._env | {"MONGODB_URL": self._urls[function]}).items():
                patch.setenv(variable, value)
            spec.loader.exec_module(main)
        return main

    def _database(self, role: str, actor: Actor) -> Database[Document]:
        """Return what `mongo.database` does, but for waiting for the disk, which is not what is looked at here."""
        client: MongoClient[Document] = MongoClient(self._urls[role], tz_aware=True, event_listeners=[actor])
        return client.get_default_database()
