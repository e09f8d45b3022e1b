"""Jobs as uploads and conversions store them."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime

from bson import ObjectId
from pymongo.database import Database

from functions.shared.job.conversions import Conversions
from functions.shared.job.document import Job, Mp3
from functions.shared.job.options import DEFAULT
from functions.shared.job.owned import Jobs
from functions.shared.media import Bucket, File
from functions.shared.mongo import Document
from functions.shared.uploads import LIFETIME, Upload, Uploads


@dataclass(frozen=True)
class Shelf:
    database: Database[Document]

    def store(self, bucket: str, content: bytes) -> File:
        with Bucket(self.database, bucket).writer() as writer:
            writer.write(content)
            return writer.commit()

    def uploaded(self, owner: str, name: str = "clip.mp4", key: str | None = None, keep: int = 0) -> Job:
        """Return a new job of this owner, its video stored, and kept for `keep` hours after its end."""
        video = self.store("videos", os.urandom(1000))
        jobs = Jobs(self.database)
        return jobs.create(video.id, owner=owner, email="a@b.example", name=name, size=video.size, key=key, keep=keep)

    def again(self, job: Job) -> Job:
        """Return another job of the same video."""
        jobs, keep = Jobs(self.database), job.keep or 0
        return jobs.create(
            ObjectId(),
            owner=job.owner,
            email=job.email,
            name=job.name,
            size=job.size,
            key=None,
            keep=keep,
            video=job.video,
        )

    def done(self, owner: str, mp3: bytes = b"mp3", name: str = "clip.mp4", key: str | None = None) -> Job:
        """Return a job of this owner that has its MP3.

        The job ends in a database of its own, as a converter that waits for work would take it before that.
        """
        apart, file = self.database.client["shelf"], self.store("mp3s", mp3)
        jobs = Jobs(apart)
        job = jobs.create(ObjectId(), owner=owner, email="a@b.example", name=name, size=1000, key=key)
        attempt = Conversions(apart).claim(job.id)
        assert attempt
        attempt.commit(Mp3(file.id, file.size, 1.5))
        document = apart["jobs"].find_one_and_delete({"_id": job.id})
        assert document
        self.database["jobs"].insert_one(document)
        return Job.of(document)

    def begun(self, owner: str, length: int = 1000) -> Upload:
        """Return a new resumable upload of this owner, of which nothing is stored yet."""
        expires = datetime.now(UTC) + LIFETIME
        upload = Upload(ObjectId(), owner, "clip.mp4", DEFAULT, "filename Y2xpcC5tcDQ=", length, expires)
        Uploads(self.database).create(upload)
        return upload

    def files(self, *ids: ObjectId) -> int:
        """Return the number of files and chunks with these ids."""
        return sum(
            self.database[f"{bucket}.files"].count_documents({"_id": {"$in": ids}})
            + self.database[f"{bucket}.chunks"].count_documents({"files_id": {"$in": ids}})
            for bucket in ("videos", "mp3s")
        )
