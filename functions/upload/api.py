"""upload over HTTP: `POST` or `PUT /upload`, and `POST /jobs/{job}/again`."""

import json
import re
from functools import partial
from urllib.parse import unquote_to_bytes

from werkzeug.routing import Map
from werkzeug.wrappers import Request, Response

from functions.shared import boundary, mongo
from functions.shared.boundary import Status
from functions.shared.job.document import Job
from functions.shared.job.options import OptionRefused, Options
from functions.shared.job.owners import OwnerDeleted
from functions.shared.problems import Problem
from functions.shared.routing import Rule
from functions.shared.server.connection import accepted
from functions.shared.sessions import SessionsAway
from functions.shared.tokens import Caller, InvalidToken, Verifier
from functions.upload import fields, names
from functions.upload.body import Body
from functions.upload.errors import (
    BodyIncomplete,
    BrokerNotConnected,
    EmptyVideo,
    JobNotFound,
    MalformedForm,
    NameRefused,
    QuotaExceeded,
    StoreFull,
    TooLarge,
    TooSlow,
    VideoGone,
)
from functions.upload.pace import RateMonitor
from functions.upload.receiver import Receipt, Receiver
from functions.upload.sources import MAX_FORM_OVERHEAD_BYTES, Form, RawBody, Source
from functions.upload.video import MAX_VIDEO_BYTES

BROKER_RETRY_SECONDS = 5
STORE_FULL_RETRY_SECONDS = 300  # somebody has to delete something, or jobs have to expire
KEY = re.compile(r"[ -~]{1,255}")

STATUSES = {
    InvalidToken: boundary.INVALID_TOKEN,
    OwnerDeleted: boundary.INVALID_TOKEN,
    SessionsAway: boundary.SESSIONS_AWAY,
    BodyIncomplete: Status(400),
    EmptyVideo: Status(400),
    MalformedForm: Status(400),
    JobNotFound: Status(404),
    TooSlow: Status(408),
    VideoGone: Status(410),
    TooLarge: Status(413),
    NameRefused: Status(422),
    OptionRefused: Status(422),
    QuotaExceeded: Status(429, lambda error: {"Retry-After": str(error.retry_after)}),
    StoreFull: Status(507, lambda _error: {"Retry-After": str(STORE_FULL_RETRY_SECONDS)}),
    BrokerNotConnected: Status(503, lambda _error: {"Retry-After": str(BROKER_RETRY_SECONDS)}),
}


class Api:
    def __init__(self, receiver: Receiver, verifier: Verifier) -> None:
        self._receiver = receiver
        self._verifier = verifier

    @boundary.http("The video store", mongo.AWAY, STATUSES)
    def answer(self, request: Request) -> Response:
        """Answer the request; the server discards what a refusal leaves unread of the body.

        The request's `environ` holds gunicorn's socket, which the minimum data rate is measured on.
        """
        caller = self._verifier.caller(request.headers.get("Authorization"))
        handle, arguments = self.ROUTES.bind_to_environ(request.environ).match()
        receipt: Receipt = handle(self, request, caller, _key(request), **arguments)
        response = _accepted(receipt.job)
        if receipt.is_new:
            response.call_on_close(partial(self._receiver.publish, receipt.job))
        return response

    def _upload(self, request: Request, caller: Caller, key: str | None) -> Receipt:
        return self._receiver.receive(caller, _source(request), key)

    def _again(self, request: Request, caller: Caller, key: str | None, job: str) -> Receipt:
        return self._receiver.again(caller, job, _options(request), key)

    ROUTES = Map(
        [
            Rule("/upload", methods=["POST", "PUT"], endpoint=_upload),
            Rule("/jobs/<job>/again", methods=["POST"], endpoint=_again),
        ],
        merge_slashes=False,
    )


def _options(request: Request) -> Options:
    _require_utf8(request.query_string)
    words = [*request.args.items(multi=True)]
    Options.parse(words)  # a wrong one in the query is refused before the body
    try:
        body = _body(request, fields.MAX_FIELDS_BYTES)
        words += fields.read(body, request.mimetype, request.mimetype_params.get("boundary", ""))
    except TooLarge:
        raise TooLarge("The options are limited to 64 KiB. Shorten them.") from None
    return Options.parse(words)


def _source(request: Request) -> Source:
    _require_utf8(request.query_string)
    options = Options.parse((word, value) for word, value in request.args.items(multi=True) if word != "name")
    if request.mimetype == fields.MULTIPART:
        body = _body(request, MAX_VIDEO_BYTES + MAX_FORM_OVERHEAD_BYTES)
        return Form(body, request.mimetype_params.get("boundary", ""), options)
    name = _name(request)
    return RawBody(_body(request, MAX_VIDEO_BYTES), name, options)


def _require_utf8(query: bytes) -> None:
    try:
        unquote_to_bytes(query).decode()
    except UnicodeDecodeError:
        raise Problem(422, "The query is not UTF-8. Percent-encode its names and values as UTF-8.") from None


def _body(request: Request, max_bytes: int) -> Body:
    return Body(request.stream, _monitor(request), request.content_length, max_bytes)


def _monitor(request: Request) -> RateMonitor:
    return RateMonitor(request.environ["gunicorn.socket"], accepted.get())


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


def _accepted(job: Job) -> Response:
    headers = {"Location": f"/jobs/{job.id}", "Cache-Control": "no-store"}
    return Response(json.dumps(job.as_stored().public()) + "\n", 202, headers, content_type="application/json")
