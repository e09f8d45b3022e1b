"""A video on its way into the store, out of a raw body or out of a form's one file."""

from typing import IO, Any, cast

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import MultiPartParser

from functions.shared.media import Writer
from functions.shared.problems import Problem
from functions.upload import names
from functions.upload.body import READ, Body, too_large
from functions.upload.quotas import Room

LIMIT = 4 * 1024**3  # bytes of a video
AROUND = 1024**2  # bytes of a form besides its file, as the gateway allows
PARTS = 8  # of a form
BUFFER = READ + 64 * 1024  # bytes: one read, and what the parser kept of the one before


class Video:
    """Takes a body's bytes into `writer`, within `room`; raises a 4xx problem for whatever is wrong with them."""

    def __init__(self, writer: Writer, room: Room) -> None:
        self._writer = writer
        self._room = room
        self._name: str | None = None

    def take_raw(self, body: Body) -> None:
        while data := body.read():
            self.write(data)
        self._check_size()

    def take_form(self, body: Body, boundary: str) -> str:
        """Return the name of the form's one file; what other fields it has is nobody's business."""
        factory = cast("Any", self._open)  # called by keywords, of which one counts
        parser = MultiPartParser(factory, BUFFER, buffer_size=READ, max_form_parts=PARTS)
        try:
            parser.parse(cast("IO[bytes]", body), boundary.encode("ascii"), None)
        except ValueError as error:
            raise Problem(400, "The form is malformed. Send the video as `curl -F file=@VIDEO` does.") from error
        except RequestEntityTooLarge as error:
            raise Problem(413, "The form is too large apart from its file. Send the file alone.") from error
        if self._name is None:
            raise Problem(400, "The form has no file. Send the video as `curl -F file=@VIDEO` does.")
        self._check_size()
        return self._name

    def write(self, data: bytes) -> int:
        size = self._writer.size + len(data)
        if size > LIMIT:
            raise too_large()
        self._room.check(size)
        return self._writer.write(data)

    def seek(self, _offset: int) -> int:
        """Be the file that the parser takes this for."""
        return 0

    def _open(self, *_: object, filename: str | None, **__: object) -> IO[bytes]:
        if self._name is not None:
            raise Problem(400, "The form has two files. Send one video at a time.")
        self._name = names.check(filename or "")
        return cast("IO[bytes]", self)

    def _check_size(self) -> None:
        if not self._writer.size:
            raise Problem(400, "The video is empty. Send one that is not.")
