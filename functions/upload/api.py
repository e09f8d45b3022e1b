"""upload over HTTP: `POST` or `PUT /upload`, `POST /jobs/{job}/again`, and the routes of resumable uploads."""

import json
import re
from functools import partial
from urllib.parse import unquote_to_bytes

from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from functions.shared import boundary, mongo
from functions.shared.boundary import Status
from functions.shared.job.options import OptionRefused, Options
from functions.shared.job.owners import OwnerDeleted
from functions.shared.problems import Problem
from functions.shared.sessions import SessionsAway
from functions.shared.tokens import Caller, InvalidToken, Verifier
from functions.upload import fields, names, tus
from functions.upload.errors import (
    BodyIncomplete,
    BrokerNotConnected,
    ChecksumMismatch,
    EmptyVideo,
    JobNotFound,
    MalformedForm,
    NameRefused,
    QuotaExceeded,
    StoreFull,
    TooLarge,
    TooSlow,
    UploadExpired,
    UploadLocked,
    UploadNotFound,
    VideoGone,
    WrongOffset,
)
from functions.upload.quotas import Quotas
from functions.upload.receiver import Receipt, Receiver
from functions.upload.sources import MAX_FORM_OVERHEAD_BYTES, Form, RawBody, Source
from functions.upload.tus import Tus, body_of
from functions.upload.video import MAX_VIDEO_BYTES

BROKER_RETRY_SECONDS = 5
STORE_FULL_RETRY_SECONDS = 300  # somebody has to delete something, or jobs have to expire
LOCK_RETRY_SECONDS = 5
KEY = re.compile(r"[ -~]{1,255}")

STATUSES = {
    InvalidToken: boundary.INVALID_TOKEN,
    OwnerDeleted: boundary.INVALID_TOKEN,
    SessionsAway: boundary.SESSIONS_AWAY,
    BodyIncomplete: Status(400),
    EmptyVideo: Status(400),
    MalformedForm: Status(400),
    JobNotFound: Status(404),
    UploadNotFound: Status(404),
    TooSlow: Status(408),
    WrongOffset: Status(409),
    VideoGone: Status(410),
    UploadExpired: Status(410),
    ChecksumMismatch: Status(460),  # of tus
    TooLarge: Status(413),
    NameRefused: Status(422),
    OptionRefused: Status(422),
    UploadLocked: Status(423, lambda _error: {"Retry-After": str(LOCK_RETRY_SECONDS)}),
    QuotaExceeded: Status(429, lambda error: {"Retry-After": str(error.retry_after)}),
    StoreFull: Status(507, lambda _error: {"Retry-After": str(STORE_FULL_RETRY_SECONDS)}),
    BrokerNotConnected: Status(503, lambda _error: {"Retry-After": str(BROKER_RETRY_SECONDS)}),
}


class Api:
    def __init__(self, receiver: Receiver, tus: Tus, quotas: Quotas, verifier: Verifier) -> None:
        self._receiver = receiver
        self._tus = tus
        self._quotas = quotas
        self._verifier = verifier

    def answer(self, request: Request) -> Response:
        """Answer the request; the server discards what a refusal leaves unread of the body.

        The request's `environ` holds gunicorn's socket, which the minimum data rate is measured on.
        """
        response = self._answer(request)
        if tus.is_about(request):
            response.headers["Tus-Resumable"] = tus.VERSION
        return response

    @boundary.http("The video store", mongo.AWAY, STATUSES)
    def _answer(self, request: Request) -> Response:
        caller = self._verifier.caller(request.headers.get("Authorization"))
        routes = self.ROUTES.bind_to_environ(request.environ)
        handle, arguments = routes.match(method=tus.method_of(request))
        if tus.is_about(request):
            tus.require_version(request)
        response: Response = handle(self, request, caller, **arguments)
        return response

    def _upload(self, request: Request, caller: Caller) -> Response:
        return self._accepted(self._receiver.receive(caller, _source(request), _key(request)))

    def _again(self, request: Request, caller: Caller, job: str) -> Response:
        return self._accepted(self._receiver.again(caller, job, _options(request), _key(request)))

    def _accepted(self, receipt: Receipt) -> Response:
        headers = {"Location": f"/jobs/{receipt.job.id}", "Cache-Control": "no-store"}
        text = json.dumps(receipt.job.as_stored().public()) + "\n"
        response = Response(text, 202, headers, content_type="application/json")
        if receipt.is_new:
            response.call_on_close(partial(self._receiver.publish, receipt.job))
        return response

    def _show_usage(self, _request: Request, caller: Caller) -> Response:
        text = json.dumps({"stored": self._quotas.used(caller.user), "quota": self._quotas.stored}) + "\n"
        return Response(text, 200, {"Cache-Control": "no-store"}, content_type="application/json")

    def _describe_tus(self, _request: Request, _caller: Caller) -> Response:
        return self._tus.describe()

    def _create_upload(self, request: Request, caller: Caller) -> Response:
        return self._tus.create(request, caller, _key(request))

    def _show_upload(self, request: Request, caller: Caller, upload: str) -> Response:
        return self._tus.see(request, caller, upload)

    def _append_to_upload(self, request: Request, caller: Caller, upload: str) -> Response:
        return self._tus.append(request, caller, upload)

    def _delete_upload(self, request: Request, caller: Caller, upload: str) -> Response:
        return self._tus.delete(request, caller, upload)

    ROUTES = Map(
        [
            Rule("/upload", methods=["POST", "PUT"], endpoint=_upload),
            Rule("/jobs/<job>/again", methods=["POST"], endpoint=_again),
            Rule("/usage", methods=["GET"], endpoint=_show_usage),
            Rule("/uploads", methods=["OPTIONS"], endpoint=_describe_tus),
            Rule("/uploads", methods=["POST"], endpoint=_create_upload),
            Rule("/uploads/<upload>", methods=["HEAD"], endpoint=_show_upload),
            Rule("/uploads/<upload>", methods=["PATCH"], endpoint=_append_to_upload),
            Rule("/uploads/<upload>", methods=["DELETE"], endpoint=_delete_upload),
        ],
        merge_slashes=False,
    )


def _options(request: Request) -> Options:
    _require_utf8(request.query_string)
    words = [*request.args.items(multi=True)]
    Options.parse(words)  # a wrong one in the query is refused before the body
    try:
        body = body_of(request, fields.MAX_FIELDS_BYTES)
        words += fields.read(body, request.mimetype, request.mimetype_params.get("boundary", ""))
    except TooLarge:
        raise TooLarge("The options are limited to 64 KiB. Shorten them.") from None
    return Options.parse(words)


def _source(request: Request) -> Source:
    _require_utf8(request.query_string)
    options = Options.parse((word, value) for word, value in request.args.items(multi=True) if word != "name")
    if request.mimetype == fields.MULTIPART:
        body = body_of(request, MAX_VIDEO_BYTES + MAX_FORM_OVERHEAD_BYTES)
        return Form(body, request.mimetype_params.get("boundary", ""), options)
    name = _name(request)
    return RawBody(body_of(request, MAX_VIDEO_BYTES), name, options)


def _require_utf8(query: bytes) -> None:
    try:
        unquote_to_bytes(query).decode()
    except UnicodeDecodeError:
        raise Problem(422, "The query is not UTF-8. Percent-encode its names and values as UTF-8.") from None


def _name(request: Request) -> str:
    given = request.args.getlist("name")
    if len(given) != 1:
        raise Problem(
            400, "The query needs exactly one `name`. Use `curl -T VIDEO URL?name=NAME` or `curl -F file=@VIDEO`."
        )
    return names.check(given[0])


def _key(request: Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not KEY.fullmatch(key):
        raise Problem(400, "An Idempotency-Key must have 1 to 255 printable ASCII characters. Change or omit the key.")
    return key
