"""Resumable uploads over HTTP: tus 1.0.0 with creation, creation-with-upload, expiration, termination, checksum.

https://tus.io/protocols/resumable-upload
"""

import binascii
import re
from base64 import b64decode
from functools import partial

from werkzeug.http import http_date
from werkzeug.wrappers import Request, Response

from functions.shared.job.options import Options
from functions.shared.problems import Problem
from functions.shared.server.connection import accepted
from functions.shared.tokens import Caller
from functions.upload import names
from functions.upload.body import Body
from functions.upload.checksum import ALGORITHMS, Checksum
from functions.upload.errors import Refused
from functions.upload.pace import RateMonitor
from functions.upload.receiver import Receiver
from functions.upload.resumable import Progress, Resumable
from functions.upload.sources import Metadata
from functions.upload.video import MAX_VIDEO_BYTES

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,termination,checksum"
BYTES = "application/offset+octet-stream"
PATH = "/uploads"
NAME = "filename"
# What common clients send besides: of a browser's file.
IGNORED = {"name", "type", "filetype", "relativePath"}
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


class Tus:
    """The handlers of `/uploads`. Every answer has to go through `answer_of`."""

    def __init__(self, resumable: Resumable, receiver: Receiver) -> None:
        self._resumable = resumable
        self._receiver = receiver

    def describe(self) -> Response:
        headers = {
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(MAX_VIDEO_BYTES),
            "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
        }
        return Response(None, 204, headers)

    def create(self, request: Request, caller: Caller, key: str | None) -> Response:
        """Answer 201 with the upload's URL; a body is appended at once.

        If the body is refused, or breaks off, only a `key` leads to the upload: without one it is deleted.
        """
        if "Upload-Defer-Length" in request.headers:
            raise Problem(400, "Upload-Defer-Length is not supported. Send the Upload-Length.")
        length, sent = _number(request, "Upload-Length"), request.headers.get("Upload-Metadata", "")
        metadata, checksum = _metadata(sent), _checksum(request)
        has_body = request.content_length or "Transfer-Encoding" in request.headers
        if has_body:
            _require_bytes(request)
        upload = self._resumable.create(caller, length, metadata, sent, key)
        progress = Progress(upload)
        if has_body and not upload.offset:
            open_body = partial(body_of, request, checksum=checksum)
            try:
                progress = self._resumable.append(caller, str(upload.id), 0, open_body)
            except Refused:
                if key is None:  # nobody learns its address, so it would only count for the quotas until it expires
                    self._resumable.delete(caller, str(upload.id))
                raise
        response = self._answer(201, progress)
        response.headers["Location"] = f"{PATH}/{upload.id}"
        return response

    def see(self, _request: Request, caller: Caller, upload: str) -> Response:
        progress = self._resumable.see(caller, upload)
        response = self._answer(200, progress)
        response.headers["Upload-Length"] = str(progress.upload.length)
        if progress.upload.metadata:
            response.headers["Upload-Metadata"] = progress.upload.metadata
        return response

    def append(self, request: Request, caller: Caller, upload: str) -> Response:
        _require_bytes(request)
        offset = _number(request, "Upload-Offset")
        open_body = partial(body_of, request, checksum=_checksum(request))
        return self._answer(204, self._resumable.append(caller, upload, offset, open_body))

    def delete(self, _request: Request, caller: Caller, upload: str) -> Response:
        self._resumable.delete(caller, upload)
        return Response(None, 204)

    def _answer(self, status: int, progress: Progress) -> Response:
        upload = progress.upload
        response = Response(None, status, {"Upload-Offset": str(upload.offset), "Cache-Control": "no-store"})
        if upload.job:
            response.headers["Content-Location"] = f"/jobs/{upload.job}"
        else:
            response.headers["Upload-Expires"] = http_date(upload.expires)
        if progress.receipt and progress.receipt.is_new:
            response.call_on_close(partial(self._receiver.publish, progress.receipt.job))
        return response


def is_about(request: Request) -> bool:
    """Return whether the request is for resumable uploads."""
    return request.path == PATH or request.path.startswith(f"{PATH}/")


def method_of(request: Request) -> str:
    """Return the method that is meant: `X-HTTP-Method-Override` counts instead of the request's own.

    Raises a 400 problem if a request that reads means one that writes: whoever has decided about the method before,
    such as the gateway, has permitted it to read.
    """
    meant = request.headers.get("X-HTTP-Method-Override") if is_about(request) else None
    if meant and request.method in SAFE_METHODS and meant not in SAFE_METHODS:
        raise Problem(400, "The header X-HTTP-Method-Override can name this method in a POST alone. Send a POST.")
    return meant or request.method


def require_version(request: Request) -> None:
    """Raise a 412 unless the client speaks this version; OPTIONS is asked to learn of it."""
    if method_of(request) != "OPTIONS" and request.headers.get("Tus-Resumable") != VERSION:
        detail = f"Resumable uploads need the header `Tus-Resumable: {VERSION}`. Send it, or use POST /upload."
        raise Problem(412, detail, {"Tus-Version": VERSION})


def _require_bytes(request: Request) -> None:
    if request.mimetype != BYTES:
        raise Problem(415, f"The body needs `Content-Type: {BYTES}`. Send the bytes of the video with it.")


def _number(request: Request, header: str) -> int:
    text = request.headers.get(header, "")
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise Problem(400, f"The header {header} must be a whole number of bytes. Correct it.")
    return int(text)


def _metadata(header: str) -> Metadata:
    """Return the name and the options of `Upload-Metadata`: keys with values in base64, separated by commas."""
    words: dict[str, str] = {}
    for pair in filter(None, (pair.strip() for pair in header.split(","))):
        key, _, value = pair.partition(" ")
        if key in words:
            raise Problem(400, "The header Upload-Metadata has a key twice. Give it once.")
        try:
            words[key] = b64decode(value, validate=True).decode()
        except (binascii.Error, ValueError) as error:
            raise Problem(400, "A value of the header Upload-Metadata is no UTF-8 in base64. Correct it.") from error
    name = words.pop(NAME, None)
    if name is None:
        raise Problem(400, f"The header Upload-Metadata needs a `{NAME}`. Send the video's name in base64.")
    options = Options.parse((key, value) for key, value in words.items() if key not in IGNORED)
    return Metadata(names.check(name), options)


def _checksum(request: Request) -> Checksum | None:
    given = request.headers.get("Upload-Checksum")
    if given is None:
        return None
    algorithm, _, digest = given.partition(" ")
    try:
        return Checksum(algorithm, b64decode(digest, validate=True))
    except ValueError as error:
        detail = f"The header Upload-Checksum must be {' or '.join(ALGORITHMS)} and the digest in base64. Correct it."
        raise Problem(400, detail) from error


def body_of(request: Request, max_bytes: int, checksum: Checksum | None = None) -> Body:
    """Return the body, which is watched on the request's connection; raise TooLarge by its announced length."""
    monitor = RateMonitor(request.environ["gunicorn.socket"], accepted.get())
    return Body(request.stream, monitor, request.content_length, max_bytes, checksum)
