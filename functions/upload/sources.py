"""Where a video and its name come from: a raw body, or the one file of a multipart form."""

from dataclasses import dataclass
from typing import IO, Any, Protocol, cast

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import MultiPartParser

from functions.shared.job.options import OPTIONS, Options
from functions.upload import names
from functions.upload.body import READ_BYTES, Body
from functions.upload.errors import MalformedForm, NameRefused, TooLarge
from functions.upload.video import Video

MAX_FORM_OVERHEAD_BYTES = 1024**2  # of a form besides its file, as the gateway allows
MAX_FORM_PARTS = 1 + len(OPTIONS)
PARSER_BUFFER_BYTES = READ_BYTES + 64 * 1024  # one read, and what the parser kept of the read before


class Source(Protocol):
    """`length` is the announced length of the whole body in bytes, None if it is chunked."""

    @property
    def length(self) -> int | None: ...

    def save(self, video: Video) -> "Metadata":
        """Write the video's bytes to `video`; return its name and the options. Raises what `errors` lists."""
        ...


@dataclass(frozen=True)
class Metadata:
    """The name of a video, and what its MP3 is to be like."""

    name: str
    options: Options


class RawBody:
    """A body that is the video itself; its name and the options come with the request."""

    def __init__(self, body: Body, name: str, options: Options) -> None:
        self.length = body.length
        self._body = body
        self._metadata = Metadata(name, options)

    def save(self, video: Video) -> Metadata:
        with self._body:
            while data := self._body.read():
                video.write(data)
        return self._metadata


class Form:
    """A multipart/form-data body; its one file is the video, its other fields are options like those of the query."""

    def __init__(self, body: Body, boundary: str, options: Options) -> None:
        self.length = body.length
        self._body = body
        self._boundary = boundary
        self._options = options

    def save(self, video: Video) -> Metadata:
        file = _FormFile(video)
        factory = cast("Any", file.open)  # called with keywords, of which one counts
        parser = MultiPartParser(factory, PARSER_BUFFER_BYTES, buffer_size=READ_BYTES, max_form_parts=MAX_FORM_PARTS)
        try:
            with self._body:
                fields, _ = parser.parse(cast("IO[bytes]", self._body), self._boundary.encode("ascii"), None)
        except UnicodeDecodeError as error:  # of a part's headers; curl on Windows sends the code page of its console
            raise NameRefused(
                "The video's name in the form is not UTF-8. Rename the file, or use `curl -T VIDEO URL?name=NAME`."
            ) from error
        except ValueError as error:
            raise MalformedForm("The form is malformed. Send the video as `curl -F file=@VIDEO` does.") from error
        except RequestEntityTooLarge as error:
            raise TooLarge("The form has too much data besides its file. Send only the file.") from error
        if file.name is None:
            raise MalformedForm("The form has no file. Send the video as `curl -F file=@VIDEO` does.")
        return Metadata(file.name, Options.parse([*self._options.words().items(), *fields.items(multi=True)]))


class _FormFile:
    """The file object that the form parser writes the form's file to."""

    def __init__(self, video: Video) -> None:
        self.name: str | None = None
        self._video = video

    def open(self, *_: object, filename: str | None, **__: object) -> IO[bytes]:
        if self.name is not None:
            raise MalformedForm("The form has two files. Upload one video at a time.")
        self.name = names.check(filename or "")
        return cast("IO[bytes]", self)

    def write(self, data: bytes) -> int:
        return self._video.write(data)

    def seek(self, _offset: int) -> int:
        """Do nothing: the parser rewinds a file that it has written."""
        return 0
