"""Receives videos in several requests: creates uploads, appends to them, and completes them as the receiver does."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bson import ObjectId

from functions.shared.job.owned import Jobs
from functions.shared.media import Appender, Bucket, ChunksLost, Overtaken
from functions.shared.mongo import AWAY, SILENT
from functions.shared.tokens import Caller
from functions.shared.uploads import LIFETIME, Hold, HoldLost, Upload, Uploads
from functions.upload.body import Body
from functions.upload.errors import (
    EmptyVideo,
    Refused,
    TooLarge,
    UploadExpired,
    UploadLocked,
    UploadNotFound,
    WrongOffset,
)
from functions.upload.heartbeat import Heartbeat
from functions.upload.quotas import Quotas
from functions.upload.receiver import Receipt, Receiver, Sessions, Stored
from functions.upload.sources import Metadata
from functions.upload.video import MAX_VIDEO_BYTES, Video

ADVANCE_SECONDS = 2.0  # between two offsets that are noted while a body arrives: a crash costs so much of it

OpenBody = Callable[[int], Body]


@dataclass(frozen=True)
class Progress:
    """An upload, and the receipt of its job if this request has completed it."""

    upload: Upload
    receipt: Receipt | None = None


class Resumable:
    def __init__(
        self, uploads: Uploads, jobs: Jobs, videos: Bucket, *, quotas: Quotas, sessions: Sessions, receiver: Receiver
    ) -> None:
        self._uploads = uploads
        self._jobs = jobs
        self._videos = videos
        self._quotas = quotas
        self._sessions = sessions
        self._receiver = receiver

    def create(self, caller: Caller, length: int, metadata: Metadata, sent: str, key: str | None) -> Upload:
        """Create an upload of `length` bytes, which count for the quotas from now on; with a known `key` the first one.

        `sent` is the metadata as the client sent it. Raises what `errors` lists, and one of `mongo.AWAY`.
        """
        if not length:
            raise EmptyVideo("The video is empty. Check the file.")
        if length > MAX_VIDEO_BYTES:
            raise TooLarge
        first = self._receiver.first(caller, key)
        if key and (known := self._uploads.with_key(caller.user, key)):
            if not known.has_expired:
                return known
            self.delete(caller, str(known.id))
        number, expires = ObjectId(), datetime.now(UTC) + LIFETIME
        upload = Upload(number, caller.user, metadata.name, metadata.options, sent, length, expires, key)
        if first:  # a one-request upload with the same key: the client has nothing to send
            done = replace(upload, length=first.job.size, offset=first.job.size, job=first.job.id)
            self._uploads.create(done)
            return done
        with self._quotas.reserve(caller.user, number, length):
            self._uploads.create(upload)
        return upload

    def see(self, caller: Caller, upload: str) -> Progress:
        """Return the upload; complete it if it is whole, but the request that wrote its last byte was cut off."""
        found = self._uploads.see(caller.user, _id(upload))
        if found is None:
            raise UploadNotFound
        if found.has_expired:
            raise UploadExpired
        if found.is_whole and not found.job:
            try:
                return self._write(caller, found.id, found.offset, None)
            except WrongOffset:  # another request has completed it meanwhile
                return self.see(caller, upload)
        return Progress(found)

    def append(self, caller: Caller, upload: str, offset: int, open_body: OpenBody) -> Progress:
        """Append a body to the upload, which has to have this offset; what arrived of an incomplete one is stored too.

        Of a body with a checksum all is stored or nothing. `open_body` is called with the most bytes that the body may
        have.
        """
        return self._write(caller, _id(upload), offset, open_body)

    def delete(self, caller: Caller, upload: str) -> None:
        """Delete the upload and its bytes; a job that it has become stays.

        A writer learns of it when it notes its next offset.
        """
        removed = self._uploads.remove(caller.user, _id(upload))
        if removed is None:
            raise UploadLocked if self._uploads.see(caller.user, _id(upload)) else UploadNotFound
        if not (removed.job or self._jobs.get(caller.user, removed.id)):
            self._videos.delete(removed.id)

    def _write(self, caller: Caller, upload: ObjectId, offset: int, open_body: OpenBody | None) -> Progress:
        try:
            with self._held(caller, upload, offset) as hold:
                offset, rest = hold.upload.offset, hold.rest
                if not hold.upload.is_whole and open_body:
                    offset, rest = self._receive(hold, open_body)
                written = replace(hold.upload, offset=offset)
                return self._complete(caller, hold, written, rest) if written.is_whole else Progress(written)
        except (HoldLost, Overtaken):
            raise self._reason(caller, upload, offset) from None
        except TooLarge:
            raise TooLarge("The body is longer than the rest of the upload. Send the missing bytes only.") from None

    @contextmanager
    def _held(self, caller: Caller, upload: ObjectId, offset: int) -> Iterator[Hold]:
        hold = self._uploads.hold(caller.user, upload, offset)
        if hold is None:
            raise self._reason(caller, upload, offset)
        store_answers = True
        try:
            yield hold
        except SILENT:  # the client does not wait for a second timeout, and the hold ends by itself
            store_answers = False
            raise
        finally:
            if store_answers:
                with suppress(*AWAY):
                    hold.release()

    def _reason(self, caller: Caller, upload: ObjectId, offset: int) -> Refused:
        """Return why the upload cannot be held."""
        found = self._uploads.see(caller.user, upload)
        if found is None:
            return UploadNotFound()
        if found.has_expired:
            return UploadExpired()
        if found.job or found.offset != offset:
            return WrongOffset(found.offset)
        return UploadLocked()

    def _receive(self, hold: Hold, open_body: OpenBody) -> tuple[int, bytes]:
        """Store what arrives; return the new offset and the bytes behind the last whole chunk."""
        upload = hold.upload
        body = open_body(upload.length - upload.offset)
        reservation = self._quotas.resume(upload.owner, upload.offset, upload.length)
        self._videos.truncate(upload.id, upload.offset)  # what earlier writers have stored in vain
        with self._videos.appender(upload.id, upload.offset, hold.rest) as writer:
            video = Video(writer, reservation)
            with body, Heartbeat(hold, body.monitor):
                try:
                    due = time.monotonic() + ADVANCE_SECONDS
                    while data := body.read():
                        video.write(data)
                        if not body.checksum and time.monotonic() >= due:
                            _advance(hold, writer)
                            due = time.monotonic() + ADVANCE_SECONDS
                except Refused:
                    if not body.checksum:
                        _advance(hold, writer)
                    raise
            return writer.size, _advance(hold, writer)

    def _complete(self, caller: Caller, hold: Hold, upload: Upload, rest: bytes) -> Progress:
        """Create the job of a whole upload; after a crash at any point of it the next request does it again."""
        self._sessions.require_open(caller)  # it may have ended while the body arrived
        receipt = self._found(caller, upload)
        if receipt is None:
            try:
                self._videos.complete(upload.id, upload.length, rest)
            except ChunksLost as lost:
                hold.advance(lost.size, b"")
                raise
            stored = Stored(upload.id, upload.name, upload.length)
            receipt = self._receiver.accept(stored, caller, upload.options, upload.key)
        hold.finish(receipt.job.id)
        return Progress(replace(upload, job=receipt.job.id), receipt)

    def _found(self, caller: Caller, upload: Upload) -> Receipt | None:
        """Return the receipt of the job that an earlier request created before it crashed."""
        job = self._jobs.get(caller.user, upload.id)
        return Receipt(job, is_new=False) if job else None


def _advance(hold: Hold, writer: Appender) -> bytes:
    """Note that all that was written is stored; return the bytes behind the last whole chunk."""
    rest = writer.settle()
    hold.advance(writer.size, rest)
    writer.keep()
    return rest


def _id(text: str) -> ObjectId:
    if not ObjectId.is_valid(text):
        raise UploadNotFound
    return ObjectId(text)
