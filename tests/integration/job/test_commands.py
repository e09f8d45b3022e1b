"""How many commands to MongoDB one video costs, from its upload to its mail: each takes CPU time on both sides."""

import os
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from functions.convert.conversion import Heartbeat
from functions.convert.encoder import Encoded
from functions.convert.scratch import Workspace
from functions.shared.job.options import DEFAULT, Options
from functions.shared.job.owned import Jobs
from functions.shared.media import CHUNK, Bucket
from functions.shared.mongo import Document
from functions.shared.tokens import Caller
from functions.upload.quotas import Limits, Quotas
from functions.upload.receiver import Receiver
from functions.upload.sources import Metadata
from functions.upload.space import Space
from functions.upload.video import Video
from tests.integration.job.system import Encoder, System
from tests.support.sessions import OpenSessions
from tests.support.stacks import Server

CALLER = Caller("anna", "anna@people.example", "session", datetime.now(UTC) + timedelta(hours=1))

UPLOAD = {
    "dbStats": 1,  # once a second, whatever the number of uploads
    "findAndModify quotas": 1,
    "aggregate uploads": 1,  # and of jobs
    "insert videos.chunks": 2,  # of 8 and of 2 chunks
    "insert videos.files": 1,
    "aggregate videos.chunks": 1,
    "find owners": 1,
    "insert jobs": 1,
    "update quotas": 1,
}
CONVERT = {
    "aggregate jobs": 1,
    "findAndModify jobs": 1,
    "update owners": 1,
    "find videos.chunks": 1,
    "insert mp3s.chunks": 1,
    "insert mp3s.files": 1,
    "aggregate mp3s.chunks": 1,
    "findAndModify owners": 1,
    "update jobs": 1,
    "delete videos.files": 1,
    "delete videos.chunks": 1,
}
NOTIFY = {"findAndModify jobs": 1, "find owners": 1, "findAndModify recipients": 1, "update jobs": 1}


class Counting(CommandListener):
    """Counts a database's commands by name and collection; those without a collection by name."""

    def __init__(self, database: str) -> None:
        self._database = database
        self._found: Counter[str] = Counter()

    def take(self) -> dict[str, int]:
        """Return the counts since the last call."""
        found, self._found = self._found, Counter()
        return dict(found)

    def started(self, event: CommandStartedEvent) -> None:
        if event.database_name == self._database:  # a login is a command to `admin`
            name, collection = event.command_name, event.command[event.command_name]
            self._found[f"{name} {collection}" if isinstance(collection, str) else name] += 1

    def succeeded(self, event: CommandSucceededEvent) -> None:
        pass

    def failed(self, event: CommandFailedEvent) -> None:
        pass


class Film:
    """A video of 10 chunks, as a clip of 10 s has them."""

    length = 9 * CHUNK + 1000

    def save(self, video: Video) -> Metadata:
        video.write(os.urandom(self.length))
        return Metadata("film.mp4", DEFAULT)


class OneChunk(Encoder):
    """Makes an MP3 of one chunk, as a clip of 10 s has it."""

    def encode(
        self, workspace: Workspace, options: Options, heartbeat: Heartbeat, spent: Callable[[float], None]
    ) -> Encoded:
        encoded = super().encode(workspace, options, heartbeat, spent)
        os.truncate(workspace.mp3, 200_000)
        return encoded


def test_video_takes_these_commands_and_no_more(mongodb: Server, database: Database[Document], tmp_path: Path) -> None:
    """Nobody else waits, no quota is near and nothing fails: upload, convert and notify work once each."""
    counting = Counting(database.name)
    with MongoClient[Document](mongodb.url, tz_aware=True, event_listeners=[counting]) as client:
        store = client[database.name]
        system = System(store, tmp_path, OneChunk())
        quotas = Quotas(store, Limits(1 << 30, 60, 240), Space(store, 0))
        receiver = Receiver(Jobs(store), Bucket(store, "videos"), quotas, OpenSessions(), system.broker)
        job = receiver.receive(CALLER, Film(), key=None).job
        assert counting.take() == UPLOAD
        system.converter.convert(job.id)
        assert counting.take() == CONVERT
        system.notifier.notify(job.id)
        assert counting.take() == NOTIFY
    assert system.mail.mails == {f"{job.id}.converted": 1}
    assert database["videos.chunks"].count_documents({}) == 0
