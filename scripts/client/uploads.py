"""Uploads by tus 1.0 (https://tus.io/protocols/resumable-upload), which go on after any interruption.

tuspy, the kept library for it, reads a whole request's body into memory, knows neither `Retry-After` nor a timeout,
does not answer the headers of the creation, and brings a second and a third HTTP client.
"""

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import BinaryIO

from .failures import Failure, Kind, Temporary
from .records import Record
from .retrying import for_transfer
from .service import Answer, Service
from .tracking import Tracker

VERSION = {"Tus-Resumable": "1.0.0"}
PIECE_BYTES = 256 * 1024
MAX_RESTARTS = 3
JOB = re.compile(r"/jobs/([0-9a-f]{24})")
UPLOAD = re.compile(r"(?:(?:https?:)?//[^/]+)?(/uploads/[0-9A-Za-z_-]{1,100})")


class Upload:
    """One file on its way; `words` are its name and the options."""

    def __init__(
        self,
        service: Service,
        file: BinaryIO,
        words: Mapping[str, str],
        record: Record,
        *,
        length: int,
        tracker: Tracker,
    ) -> None:
        self._service = service
        self._file = file
        self._length = length
        pairs = (f"{key} {b64encode(value.encode()).decode()}".strip() for key, value in words.items())
        self._metadata = ",".join(pairs)
        self._record = record
        self._tracker = tracker

    def send(self) -> str:
        """Return the id of the job that the upload becomes; raise Failure."""
        retrying, restarts, reached = for_transfer(self._service.stop, self._tracker.waits), 0, -1
        while not self._record.job:
            try:
                answer = self._see() if self._record.upload else self.create()
                if answer.status in {404, 410}:
                    restarts += 1
                    if restarts > MAX_RESTARTS:
                        raise answer.nonsense()
                    self._record.restart()
                    continue
                offset = self._offset(answer)
                if offset > reached:
                    retrying.progress()
                reached = max(reached, offset)
                if offset < self._length:
                    self._offset(self._append(offset))
                elif not self._record.job:
                    retrying.wait(Temporary(Kind.SERVICE, "The service does not name the job of the upload."))
            except Temporary as failure:
                retrying.wait(failure)
        return self._record.job

    def create(self) -> Answer:
        self._record.note()  # its key makes a lost answer harmless
        headers = {"Upload-Length": str(self._length), "Upload-Metadata": self._metadata}
        answer = self._service.once(
            "POST", "/uploads", headers={**VERSION, **headers, "Idempotency-Key": self._record.key}
        )
        # Its path alone: the token goes to no other place.
        place = UPLOAD.fullmatch(answer.headers.get("Location", ""))
        if not place:
            raise answer.nonsense()
        self._record.note(upload=place[1])
        return answer

    def _see(self) -> Answer:
        return self._service.once("HEAD", self._record.upload or "", accept=(404, 410), headers=VERSION)

    def _append(self, offset: int) -> Answer:
        headers = {
            **VERSION,
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
            "Content-Length": str(self._length - offset),
        }
        # 409: something of an earlier request has been stored since. The next turn asks for the offset.
        again = (404, 409, 410)
        path, pieces = self._record.upload or "", self._pieces(offset)
        return self._service.once("PATCH", path, accept=again, headers=headers, content=pieces)

    def _offset(self, answer: Answer) -> int:
        """Return how many bytes are stored, as the answer tells; note the job if it names it."""
        if answer.status in {404, 409, 410}:
            return 0
        if job := JOB.fullmatch(answer.headers.get("Content-Location", "")):
            self._record.note(job=job[1])
            return self._length
        offset = answer.number("Upload-Offset")
        if offset > self._length:
            raise answer.nonsense()
        return offset

    def _pieces(self, offset: int) -> Iterator[bytes]:
        left = self._length - offset
        while left:
            self._service.stop.check()
            try:
                self._file.seek(self._length - left)
                piece = self._file.read(min(PIECE_BYTES, left))
            except OSError as error:
                raise Failure(Kind.FILE, f"The video cannot be read: {error.strerror}.") from error
            if not piece:
                raise Failure(Kind.FILE, "The video has become shorter while it was uploaded. Start again.")
            yield piece
            left -= len(piece)
            self._tracker.uploads(self._length - left, self._length)


def probe(service: Service, record: Record) -> str:
    """Create an upload of one byte and delete it; return that this works, raise Failure."""
    upload = Upload(service, BytesIO(), {"filename": "doctor.mp4"}, record, length=1, tracker=Tracker())
    upload.create()
    service.call("DELETE", record.upload or "", headers=VERSION)
    return "uploads are accepted"
