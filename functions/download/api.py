"""download over HTTP: `/jobs` and `/download`."""

import json
from contextlib import ExitStack
from typing import Any

from bson import ObjectId
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from functions.download import names, ranges
from functions.download.errors import AllStreamsBusy, NotFound, TooManyStreams, Unsatisfiable
from functions.download.library import Library
from functions.download.streams import Streams
from functions.shared import boundary, mongo
from functions.shared.boundary import Status
from functions.shared.problems import Problem
from functions.shared.sessions import SessionsAway
from functions.shared.tokens import Caller, InvalidToken, Verifier

DEFAULT_PAGE_JOBS, MAX_PAGE_JOBS = 20, 100
STREAM_RETRY_SECONDS = 5
LATER = {"Retry-After": str(STREAM_RETRY_SECONDS)}

STATUSES = {
    InvalidToken: boundary.INVALID_TOKEN,
    SessionsAway: boundary.SESSIONS_AWAY,
    NotFound: Status(404),
    Unsatisfiable: Status(416, lambda error: {"Content-Range": f"bytes */{error.size}"}),
    TooManyStreams: Status(429, lambda _error: LATER),
    AllStreamsBusy: Status(503, lambda _error: LATER),
}


class Api:
    def __init__(self, library: Library, streams: Streams, verifier: Verifier) -> None:
        self._library = library
        self._streams = streams
        self._verifier = verifier

    @boundary.http("The store of jobs and MP3s", mongo.AWAY, STATUSES)
    def answer(self, request: Request) -> Response:
        caller = self._verifier.caller(request.headers.get("Authorization"))
        handle, arguments = self.ROUTES.bind_to_environ(request.environ).match()
        response: Response = handle(self, request, caller, **arguments)
        return response

    def _download_mp3(self, request: Request, caller: Caller, mp3: str) -> Response:
        if request.method == "HEAD":
            return self._mp3(request, caller, mp3)
        with ExitStack() as stream:
            stream.enter_context(self._streams.of(caller.user))
            response = self._mp3(request, caller, mp3)
            response.call_on_close(stream.pop_all().close)
        return response

    def _mp3(self, request: Request, caller: Caller, mp3: str) -> Response:
        track = self._library.track(caller.user, mp3)
        size, tag = track.file.size, f'"{track.file.id}"'
        headers = {
            "ETag": tag,
            "Cache-Control": "private",
            "Accept-Ranges": "bytes",
            "X-Content-Type-Options": "nosniff",
        }
        if request.if_none_match.contains_weak(str(track.file.id)):
            return Response(None, 304, headers)
        part = None
        if request.method == "GET" and request.headers.get("If-Range") in {None, tag}:
            part = ranges.part(request.headers.get("Range"), size)
        start, end = part or (0, size)
        headers["Content-Length"] = str(end - start)
        headers["Content-Disposition"] = names.disposition(names.of_mp3(track.video_name))
        if part:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        body = self._library.read(track, start, end) if request.method == "GET" else []
        return Response(body, 206 if part else 200, headers, content_type="audio/mpeg")

    def _list_jobs(self, request: Request, caller: Caller) -> Response:
        limit, before = request.args.get("limit", str(DEFAULT_PAGE_JOBS)), request.args.get("before")
        if not (limit.isascii() and limit.isdecimal() and len(limit) <= 3 and 1 <= int(limit) <= MAX_PAGE_JOBS):
            raise Problem(400, f"`limit` must be a number from 1 to {MAX_PAGE_JOBS}.")
        if before is not None and not ObjectId.is_valid(before):
            raise Problem(400, "`before` must be a job's id. Follow `next` of the previous page.")
        page = self._library.page(caller.user, int(limit), ObjectId(before) if before else None)
        following = f"/jobs?before={page.before}&limit={int(limit)}" if page.before else None
        return _json({"jobs": [job.public() for job in page.jobs], "next": following})

    def _show_job(self, _request: Request, caller: Caller, job: str) -> Response:
        return _json(self._library.job(caller.user, job).public())

    def _delete_job(self, _request: Request, caller: Caller, job: str) -> Response:
        self._library.delete(caller.user, job)
        return Response(status=204)

    def _delete_jobs(self, request: Request, caller: Caller) -> Response:
        if request.headers.get("Account-Deletion") == "true":  # from auth: the gateway removes this header
            self._library.delete_owner(caller.user)
        else:
            self._library.delete_all(caller.user)
        return Response(status=204)

    ROUTES = Map(
        [
            Rule("/download/<mp3>", methods=["GET"], endpoint=_download_mp3),
            Rule("/jobs", methods=["GET"], endpoint=_list_jobs),
            Rule("/jobs", methods=["DELETE"], endpoint=_delete_jobs),
            Rule("/jobs/<job>", methods=["GET"], endpoint=_show_job),
            Rule("/jobs/<job>", methods=["DELETE"], endpoint=_delete_job),
        ],
        merge_slashes=False,
    )


def _json(body: dict[str, Any]) -> Response:
    """Return a response that no cache stores: it holds one user's data."""
    text = json.dumps(body) + "\n"
    return Response(text, 200, {"Cache-Control": "no-store"}, content_type="application/json")
