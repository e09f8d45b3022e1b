"""Jobs as uploads and conversions store them."""

import os
from dataclasses import dataclass

from bson import ObjectId
from pymongo.database import Database

from functions.shared.job.conversions import Conversions
from functions.shared.job.document import Job, Mp3
from functions.shared.job.owned import Jobs
from functions.shared.media import Bucket, File
from functions.shared.mongo import Document


@dataclass(frozen=True)
class Shelf:
    database: Database[Document]

    def store(self, bucket: str, content: bytes) -> File:
        with Bucket(self.database, bucket).writer() as writer:
            writer.write(content)
            return writer.commit()

    def uploaded(self, owner: str, name: str = "clip.mp4", key: str | None = None) -> Job:
        """Return a new job of this owner, its video stored."""
        video = self.store("videos", os.urandom(1000))
        jobs = Jobs(self.database)
        return jobs.create(video.id, owner=owner, email="a@b.example", name=name, size=video.size, key=key)

    def done(self, owner: str, mp3: bytes = b"mp3", name: str = "clip.mp4", key: str | None = None) -> Job:
        """Return a job of this owner that has its MP3."""
        job = self.uploaded(owner, name, key)
        attempt = Conversions(self.database).claim(job.id)
        assert attempt
        file = self.store("mp3s", mp3)
        attempt.commit(Mp3(file.id, file.size, 1.5))
        Bucket(self.database, "videos").delete(job.id)
        found = Jobs(self.database).get(owner, job.id)
        assert found
        return found

    def files(self, *ids: ObjectId) -> int:
        """Return the number of files and chunks with these ids."""
        return sum(
            self.database[f"{bucket}.files"].count_documents({"_id": {"$in": ids}})
            + self.database[f"{bucket}.chunks"].count_documents({"files_id": {"$in": ids}})
            for bucket in ("videos", "mp3s")
        )
