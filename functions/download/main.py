"""The caller's jobs and MP3s."""

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import functions_framework
from bson import ObjectId
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from functions.download import names, ranges
from functions.shared import boundary, logs, mongo
from functions.shared.job.document import Job
from functions.shared.job.owned import Jobs
from functions.shared.media import Bucket
from functions.shared.problems import Problem, not_found
from functions.shared.settings import Url, load
from functions.shared.tokens import Caller, Verifier

PAGE = 20
LARGEST_PAGE = 100


@dataclass(frozen=True)
class Settings:
    mongodb_url: Url
    jwt_public_keys: str


logs.configure()
log = logging.getLogger("download")
SETTINGS = load(Settings, os.environ)
database = mongo.database(SETTINGS.mongodb_url)
jobs = Jobs(database)
videos = Bucket(database, "videos")
mp3s = Bucket(database, "mp3s")
verifier = Verifier(SETTINGS.jwt_public_keys)


def download_mp3(request: Request, caller: Caller, mp3: str) -> Response:
    """Answer with the MP3 or the part of it that is asked for."""
    job = jobs.of_mp3(caller.user, _id(mp3, "MP3"))
    file = mp3s.find(job.mp3.id) if job and job.mp3 else None
    if job is None or file is None:
        raise not_found("MP3")
    tag = f'"{file.id}"'
    headers = {"ETag": tag, "Cache-Control": "private", "Accept-Ranges": "bytes", "X-Content-Type-Options": "nosniff"}
    if request.if_none_match.contains_weak(str(file.id)):
        return Response(None, 304, headers)
    part = None
    if request.method == "GET" and request.headers.get("If-Range") in {None, tag}:
        try:
            part = ranges.part(request.headers.get("Range"), file.size)
        except ranges.Unsatisfiable as error:
            behind = {"Content-Range": f"bytes */{file.size}"}
            raise Problem(416, f"The MP3 has {file.size} bytes. Ask for some of them.", behind) from error
    start, end = part or (0, file.size)
    headers["Content-Length"] = str(end - start)
    headers["Content-Disposition"] = names.disposition(names.of_mp3(job.name))
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
    body = _begun(mp3s.read(file, start, end)) if request.method == "GET" else []
    return Response(body, 206 if part else 200, headers, content_type="audio/mpeg")


def list_jobs(request: Request, caller: Caller) -> Response:
    limit, before = request.args.get("limit", str(PAGE)), request.args.get("before")
    if not (limit.isascii() and limit.isdecimal() and len(limit) <= 3 and 1 <= int(limit) <= LARGEST_PAGE):
        raise Problem(400, f"`limit` is a number from 1 to {LARGEST_PAGE}.")
    if before is not None and not ObjectId.is_valid(before):
        raise Problem(400, "`before` is a job's id. Follow `next` of the page before.")
    size = int(limit)
    found = jobs.page(caller.user, size + 1, ObjectId(before) if before else None)
    page = found[:size]
    more = f"/jobs?before={page[-1].id}&limit={size}" if len(found) > size else None
    return _json({"jobs": [job.public() for job in page], "next": more})


def show_job(request: Request, caller: Caller, job: str) -> Response:
    found = jobs.get(caller.user, _id(job, "job"))
    if found is None:
        raise not_found("job")
    return _json(found.public())


def delete_job(request: Request, caller: Caller, job: str) -> Response:
    deleted = jobs.delete(caller.user, _id(job, "job"))
    if deleted is None:
        raise not_found("job")
    _delete_files(deleted)
    return Response(status=204)


def delete_jobs(request: Request, caller: Caller) -> Response:
    while page := jobs.page(caller.user, LARGEST_PAGE, None):
        for job in page:
            if deleted := jobs.delete(caller.user, job.id):
                _delete_files(deleted)
    return Response(status=204)


ROUTES = Map(
    [
        Rule("/download/<mp3>", methods=["GET"], endpoint=download_mp3),
        Rule("/jobs", methods=["GET"], endpoint=list_jobs),
        Rule("/jobs", methods=["DELETE"], endpoint=delete_jobs),
        Rule("/jobs/<job>", methods=["GET"], endpoint=show_job),
        Rule("/jobs/<job>", methods=["DELETE"], endpoint=delete_job),
    ],
    merge_slashes=False,
)


@functions_framework.http
@boundary.http("The store of the jobs and MP3s", mongo.AWAY)
def download(request: Request) -> Response:
    caller = verifier.caller(request.headers.get("Authorization"))
    handle, arguments = ROUTES.bind_to_environ(request.environ).match()
    response: Response = handle(request, caller, **arguments)
    return response


def _begun(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Return the blocks once the first has been read: what goes wrong until then can still be said."""
    try:
        first = next(blocks)
    except EOFError as error:  # deleted meanwhile
        raise not_found("MP3") from error

    def all_of_them() -> Iterator[bytes]:
        yield first
        yield from blocks

    return all_of_them()


def _delete_files(job: Job) -> None:
    """Delete what the deleted job leaves; a conversion under way deletes what it makes."""
    videos.delete(job.id)
    if job.mp3:
        mp3s.delete(job.mp3.id)
    log.info("deleted", extra={"job": str(job.id), "user": job.owner})


def _id(text: str, what: str) -> ObjectId:
    if not ObjectId.is_valid(text):
        raise not_found(what)
    return ObjectId(text)


def _json(body: dict[str, Any]) -> Response:
    """Return an answer that no cache keeps: it is about one person."""
    text = json.dumps(body) + "\n"
    return Response(text, 200, {"Cache-Control": "no-store"}, content_type="application/json")
