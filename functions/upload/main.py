"""A video comes in: stored as it arrives, answered as soon as its job is stored, told after the answer."""

import json
import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import functions_framework
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from functions.shared import boundary, events, logs, mongo
from functions.shared.events import Sink, SinkAway
from functions.shared.job.document import Job
from functions.shared.job.owned import Jobs
from functions.shared.media import Bucket
from functions.shared.problems import Problem
from functions.shared.settings import Url, load
from functions.shared.tokens import Verifier
from functions.upload import names
from functions.upload.body import Body, drain
from functions.upload.pace import Pace, began
from functions.upload.quotas import MIB, Limits, Quotas
from functions.upload.video import AROUND, LIMIT, Video


@dataclass(frozen=True)
class Settings:
    mongodb_url: Url
    jwt_public_keys: str
    k_sink: Url
    quota_stored_mib: int = 8192
    quota_open_jobs: int = 60
    quota_uploads_per_hour: int = 240


logs.configure()
log = logging.getLogger("upload")
SETTINGS = load(Settings, os.environ)
database = mongo.database(SETTINGS.mongodb_url)
jobs = Jobs(database)
videos = Bucket(database, "videos")
quotas = Quotas(
    database,
    Limits(SETTINGS.quota_stored_mib * MIB, SETTINGS.quota_open_jobs, SETTINGS.quota_uploads_per_hour),
)
sink = Sink(SETTINGS.k_sink)
verifier = Verifier(SETTINGS.jwt_public_keys)

ROUTES = Map([Rule("/upload", methods=["POST", "PUT"])], merge_slashes=False)
KEY = re.compile(r"[ -~]{1,255}")


@functions_framework.http
def upload(request: Request) -> Response:
    """Answer, then pass over what a refusal left unread of the body."""
    response = receive(request)

    def answer_then_drain(parts: Iterator[bytes]) -> Iterator[bytes]:
        yield from parts
        _drain(request)

    response.response = answer_then_drain(response.iter_encoded())
    return response


@boundary.http("The store of the videos", mongo.AWAY)
def receive(request: Request) -> Response:
    caller = verifier.caller(request.headers.get("Authorization"))
    ROUTES.bind_to_environ(request.environ).match()
    key = _key(request)
    is_form = request.mimetype == "multipart/form-data"
    name = None if is_form else _name(request)
    pace = _pace(request)
    body = Body(request.stream, pace, request.content_length, LIMIT + AROUND if is_form else LIMIT)
    if key and (first := jobs.with_key(caller.user, key)):
        _drain(request)  # a client that is not refused expects to send everything
        return _accepted(first)
    writer = videos.writer()
    with quotas.upload(caller.user, writer.id, body.length, LIMIT) as room:
        with pace, writer:
            video = Video(writer, room)
            if name is None:
                name = video.take_form(body, request.mimetype_params.get("boundary", ""))
            else:
                video.take_raw(body)
            writer.commit()
        job = jobs.create(writer.id, owner=caller.user, email=caller.email, name=name, size=writer.size, key=key)
    if job.id != writer.id:  # another request with this key was faster
        videos.delete(writer.id)
        return _accepted(job)
    log.info("accepted", extra={"job": str(job.id), "user": caller.user, "size": job.size})
    response = _accepted(job)
    response.call_on_close(partial(_tell, job))
    return response


def _drain(request: Request) -> None:
    drain(request.stream, _pace(request), LIMIT + AROUND)


def _pace(request: Request) -> Pace:
    return Pace(request.environ["gunicorn.socket"], began(request.headers.get("X-Request-Start")))


def _tell(job: Job) -> None:
    """Tell the broker, after the answer: that does not depend on it."""
    try:
        sink.send(events.video_uploaded(str(job.id)))
    except SinkAway as error:
        log.warning("not told, the sweeper will", extra={"job": str(job.id), "error": str(error)})


def _accepted(job: Job) -> Response:
    headers = {"Location": f"/jobs/{job.id}", "Cache-Control": "no-store"}
    return Response(json.dumps(job.as_stored().public()) + "\n", 202, headers, content_type="application/json")


def _key(request: Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not KEY.fullmatch(key):
        raise Problem(400, "An Idempotency-Key is 1 to 255 printable ASCII characters. Send another one, or none.")
    return key


def _name(request: Request) -> str:
    given = request.args.getlist("name")
    if len(given) != 1:
        raise Problem(
            400, "The video needs one name. Send it as `curl -T VIDEO URL?name=NAME` or `curl -F file=@VIDEO`."
        )
    return names.check(given[0])
