"""What an upload leaves in the store."""

import time
from dataclasses import dataclass

from bson import ObjectId
from gridfs import GridFSBucket
from pymongo.database import Database

from functions.shared.mongo import Document
from tests.support.waiting import eventually


@dataclass(frozen=True)
class Store:
    database: Database[Document]

    def jobs(self, owner: str) -> list[Document]:
        return list(self.database["jobs"].find({"owner": owner}))

    def video(self, job: str) -> bytes:
        """Return the video as pymongo's own GridFS reads it."""
        return GridFSBucket(self.database, "videos").open_download_stream(ObjectId(job)).read()

    def counts(self) -> tuple[int, int, int]:
        """Return the numbers of jobs, videos and chunks."""
        jobs, files, chunks = (
            self.database[name].count_documents({}, hint="_id_")  # by the index: without it the chunks are read
            for name in ("jobs", "videos.files", "videos.chunks")
        )
        return jobs, files, chunks

    def assert_as_before(self, counts: tuple[int, int, int]) -> None:
        """Check that nothing is left, once the function has noticed that the client is gone."""
        eventually(lambda: self._stays(counts), 15, f"{counts}, as before, instead of {self.counts()}")

    def _stays(self, counts: tuple[int, int, int]) -> bool:
        # For a second: the function may still write chunks of an aborted body after its client is gone.
        for _ in range(10):
            if self.counts() != counts:
                return False
            time.sleep(0.1)
        return True
