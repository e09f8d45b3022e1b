"""The content of the stores after a run: ends of jobs, orphaned files, dead letters."""

import os
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

from bson import ObjectId

from functions.shared import mongo
from functions.shared.job.deliveries import Channel, Outcome
from functions.shared.job.document import FINAL, State
from functions.shared.mongo import Document
from functions.sweep.garbage import Garbage
from scripts.local.supervision import REPOSITORY
from tests.support.person import parsed


class Store:
    """The stack's stores as an operator sees them: MongoDB, and the folder of the mails."""

    def __init__(self, secrets: Path, mail: Path) -> None:
        self._urls = {role: (secrets / f"mongodb-{role}/url").read_text() for role in ("admin", "sweep", "replay")}
        self._database = mongo.database(self._urls["admin"])
        self._mail = mail

    def jobs_of(self, owners: set[str]) -> dict[str, Document]:
        """Return the jobs of these people by their ids."""
        return {str(job["_id"]): job for job in self._database["jobs"].find({"owner": {"$in": list(owners)}})}

    def open(self, jobs: list[str]) -> int:
        """Return how many of these jobs have not ended."""
        return len(jobs) - self._count(jobs, {"state": {"$in": FINAL}})

    def unmailed(self, jobs: list[str]) -> int:
        """Return how many of these jobs have no mail sent."""
        return self._untold(jobs, Channel.MAIL)

    def unsent(self, jobs: list[str]) -> int:
        """Return how many of these jobs have no message accepted by their owner's webhook."""
        return self._untold(jobs, Channel.WEBHOOK)

    def mails(self) -> Counter[str]:
        """Return the number of mails by job."""
        ids = (parsed(file.read_bytes())["Message-ID"] for file in self._mail.glob("*.eml"))
        return Counter(str(number).strip("<").partition(".")[0] for number in ids)

    def orphans(self) -> int:
        """Return the number of orphaned files, and of chunks without a file."""
        jobs = list(self._database["jobs"].find({}, {"state": 1, "mp3.id": 1}))
        videos = {job["_id"] for job in jobs if job["state"] != State.DONE}
        mp3s = {job["mp3"]["id"] for job in jobs if job["state"] == State.DONE}
        return len(self._of("videos") - videos) + len(self._of("mp3s") - mp3s)

    def collect(self) -> None:
        """Collect the orphaned files by the sweeper's own code, as its user, without waiting a day."""
        Garbage(mongo.database(self._urls["sweep"])).delete_orphans(timedelta(0), 10_000)

    def replay(self) -> list[str]:
        """Republish the dead letters as `make replay` does; return its line about each."""
        env = {**os.environ, "PYTHONPATH": str(REPOSITORY), "MONGODB_URL": self._urls["replay"]}
        command = [sys.executable, "-m", "functions.deadletter.replay"]
        said = subprocess.run(command, env=env, check=True, capture_output=True, text=True, timeout=60).stdout
        return said.splitlines()[:-1]

    def _untold(self, jobs: list[str], channel: Channel) -> int:
        return len(jobs) - self._count(jobs, {f"deliveries.{channel}.outcome": Outcome.SENT})

    def _count(self, jobs: list[str], state: Document) -> int:
        return self._database["jobs"].count_documents({"_id": {"$in": [ObjectId(job) for job in jobs]}} | state)

    def _of(self, bucket: str) -> set[ObjectId]:
        """Return the ids of which the bucket has a file or a chunk."""
        files, chunks = self._database[f"{bucket}.files"], self._database[f"{bucket}.chunks"]
        return {*files.distinct("_id"), *chunks.distinct("files_id")}
