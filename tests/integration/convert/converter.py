"""The convert function, as seen by the broker and by its stores."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import requests
from bson import ObjectId
from cloudevents.conversion import to_binary
from pymongo.database import Database

from functions.convert.binary import FFMPEG
from functions.shared.events import video_uploaded
from functions.shared.job.owned import Jobs
from functions.shared.media import Bucket
from functions.shared.mongo import Document


@dataclass(frozen=True)
class Converter:
    """Convert at `url`, with its own scratch folder."""

    url: str
    scratch: Path

    database: Database[Document]

    def upload(self, file: Path) -> ObjectId:
        """Store a video and its job, as upload does."""
        with Bucket(self.database, "videos").writer() as writer, file.open("rb") as content:
            while block := content.read(1 << 20):
                writer.write(block)
            video = writer.commit()
        Jobs(self.database).create(video.id, owner="me", email="me@example.com", name="v", size=video.size, key=None)
        return video.id

    def deliver(self, subject: object) -> int:
        """Deliver `video.uploaded`; return the status."""
        headers, body = to_binary(video_uploaded(str(subject)))
        return requests.post(self.url, data=body, headers=headers, timeout=120).status_code

    def convert(self, file: Path) -> Document:
        """Upload the file, deliver its event, and return the job document after the answer."""
        job = self.upload(file)
        assert self.deliver(job) in {200, 202, 204}
        return self.job(job)

    def job(self, job: ObjectId) -> Document:
        document = self.database["jobs"].find_one({"_id": job})
        assert document
        return document

    def make_due(self, job: ObjectId) -> None:
        """Let the job's lease expire."""
        past = [{"$set": {"lease": {"$subtract": ["$$NOW", 1000]}}}]
        assert self.database["jobs"].update_one({"_id": job}, past).matched_count == 1

    def has_video(self, job: ObjectId) -> bool:
        return Bucket(self.database, "videos").find(job) is not None

    def chunks(self, bucket: str) -> int:
        return self.database[f"{bucket}.chunks"].count_documents({})

    def mp3(self, job: Document) -> bytes:
        bucket = Bucket(self.database, "mp3s")
        file = bucket.find(job["mp3"]["id"])
        assert file
        assert file.size == job["mp3"]["size"]
        return b"".join(bucket.read(file))

    def workspaces(self) -> list[Path]:
        return list(self.scratch.glob("attempt-*"))

    def ffmpegs(self) -> list[psutil.Process]:
        """Return the running ffmpeg processes that use this scratch folder."""
        found = psutil.process_iter(["name", "cwd"])
        return [p for p in found if p.info["name"] == FFMPEG.name and self.scratch in Path(p.info["cwd"] or "").parents]

    def kill(self) -> None:
        """Kill every process of the function as the kernel does when memory runs out."""
        port = self.url.rpartition(":")[2]
        for process in psutil.process_iter(["environ", "cmdline"]):
            if (process.info["environ"] or {}).get("PORT") == port and "functions.shared.server" in process.info[
                "cmdline"
            ]:
                process.kill()


def probed(mp3: bytes, folder: Path) -> dict[str, Any]:
    """Check that the MP3 decodes without errors; return ffprobe's format with `decoded`, the decoded seconds."""
    path = folder / "probed.mp3"
    path.write_bytes(mp3)
    decode = ["ffmpeg", "-v", "error", "-xerror", "-i", str(path), "-f", "s16le", "-ac", "1", "-ar", "8000", "-"]
    decoded = subprocess.run(decode, check=True, capture_output=True)
    assert not decoded.stderr
    probe = ["ffprobe", "-v", "error", "-of", "json", "-show_format", str(path)]
    found: dict[str, Any] = json.loads(subprocess.run(probe, check=True, capture_output=True).stdout)["format"]
    return found | {"decoded": len(decoded.stdout) / 2 / 8000}
