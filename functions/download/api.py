"""download over HTTP: `/jobs`, `/download`, signed links at `/d`, and feeds."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from functions.download import answers
from functions.download.errors import (
    AllStreamsBusy,
    Gone,
    NotDone,
    NotFound,
    TooManyMp3s,
    TooManyStreams,
    Unsatisfiable,
)
from functions.download.library import Library
from functions.download.links import Link, Links
from functions.download.podcasts import Podcasts
from functions.download.streams import Streams
from functions.shared import audit, boundary, mongo
from functions.shared.boundary import Status
from functions.shared.job.document import Job
from functions.shared.problems import Problem
from functions.shared.sessions import SessionsAway
from functions.shared.tokens import Caller, InvalidToken, Verifier

DEFAULT_PAGE_JOBS, MAX_PAGE_JOBS = 20, 100
MIN_LINK_SECONDS, DEFAULT_LINK_SECONDS, MAX_LINK_SECONDS = 60, 24 * 3600, 7 * 24 * 3600
WITHOUT_LOGIN = ("/d/", "/feed/")  # routes whose token is in the path
STREAM_RETRY_SECONDS = 5
LATER = {"Retry-After": str(STREAM_RETRY_SECONDS)}

STATUSES = {
    InvalidToken: boundary.INVALID_TOKEN,
    SessionsAway: boundary.SESSIONS_AWAY,
    NotFound: Status(404),
    NotDone: Status(409),
    Gone: Status(410),
    TooManyMp3s: Status(422),
    Unsatisfiable: Status(416, lambda error: {"Content-Range": f"bytes */{error.size}"}),
    TooManyStreams: Status(429, lambda _error: LATER),
    AllStreamsBusy: Status(503, lambda _error: LATER),
}


class Api:
    def __init__(
        self, library: Library, links: Links, podcasts: Podcasts, streams: Streams, verifier: Verifier
    ) -> None:
        self._library = library
        self._links = links
        self._podcasts = podcasts
        self._streams = streams
        self._verifier = verifier

    @boundary.http("The store of jobs and MP3s", mongo.AWAY, STATUSES)
    def answer(self, request: Request) -> Response:
        arguments: dict[str, Any] = {}
        if not request.path.startswith(WITHOUT_LOGIN):
            arguments["caller"] = self._verifier.caller(request.headers.get("Authorization"))
        handle, named = self.ROUTES.bind_to_environ(request.environ).match()
        response: Response = handle(self, request, **arguments, **named)
        return response

    def _download_mp3(self, request: Request, caller: Caller, mp3: str) -> Response:
        return self._stream(
            request, caller.user, lambda: answers.mp3(request, self._library, self._library.track(caller.user, mp3))
        )

    def _download_zip(self, request: Request, caller: Caller) -> Response:
        jobs = list(dict.fromkeys(request.args.getlist("job")))
        return self._stream(
            request,
            caller.user,
            lambda: answers.archive(request, self._library, self._library.tracks(caller.user, jobs)),
        )

    def _make_link(self, request: Request, caller: Caller, job: str) -> Response:
        seconds = _seconds(request)
        linked = self._library.done(caller.user, job)
        expires = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)
        return answers.json_({"url": self._links.url(Link(linked.id), expires), "expires": _iso(expires)})

    def _follow_link(self, request: Request, link: str) -> Response:
        job = self._linked(link)
        return self._stream(
            request, job.owner, lambda: answers.mp3(request, self._library, self._library.track_of(job))
        )

    def _show_chapters(self, request: Request, link: str) -> Response:
        job = self._linked(link)
        return self._stream(
            request, job.owner, lambda: answers.mp3_chapters(self._library, self._library.track_of(job))
        )

    def _linked(self, token: str) -> Job:
        """Return the job of a link; raise NotFound or Gone."""
        link = self._links.read(token)
        job = self._library.linked(link.job)
        self._podcasts.check(link, job.owner)
        audit.identify(job.owner)
        return job

    def _renew_feed(self, _request: Request, caller: Caller) -> Response:
        return answers.json_({"url": self._podcasts.renew(caller.user)})

    def _show_feed(self, _request: Request, caller: Caller) -> Response:
        return answers.json_({"created": _iso(self._podcasts.show(caller.user).created)})

    def _revoke_feed(self, _request: Request, caller: Caller) -> Response:
        self._podcasts.revoke(caller.user)
        return Response(status=204)

    def _read_feed(self, request: Request, feed: str) -> Response:
        found = self._podcasts.find(feed)
        audit.identify(found.owner)
        return answers.feed(request, self._podcasts.write(found, feed))

    def _stream(self, request: Request, owner: str, answer: Callable[[], Response]) -> Response:
        """Return the answer, which is one of the owner's streams until its last byte is sent; for HEAD it is none."""
        if request.method == "HEAD":
            return answer()
        with ExitStack() as stream:
            stream.enter_context(self._streams.of(owner))
            response = answer()
            response.call_on_close(stream.pop_all().close)
        return response

    def _list_jobs(self, request: Request, caller: Caller) -> Response:
        limit, before = request.args.get("limit", str(DEFAULT_PAGE_JOBS)), request.args.get("before")
        if not (limit.isascii() and limit.isdecimal() and len(limit) <= 3 and 1 <= int(limit) <= MAX_PAGE_JOBS):
            raise Problem(400, f"`limit` must be a number from 1 to {MAX_PAGE_JOBS}.")
        if before is not None and not ObjectId.is_valid(before):
            raise Problem(400, "`before` must be a job's id. Follow `next` of the previous page.")
        page = self._library.page(caller.user, int(limit), ObjectId(before) if before else None)
        following = f"/jobs?before={page.before}&limit={int(limit)}" if page.before else None
        return answers.json_({"jobs": [job.public() for job in page.jobs], "next": following})

    def _show_job(self, _request: Request, caller: Caller, job: str) -> Response:
        return answers.json_(self._library.job(caller.user, job).public())

    def _delete_job(self, _request: Request, caller: Caller, job: str) -> Response:
        self._library.delete(caller.user, job)
        return Response(status=204)

    def _delete_jobs(self, request: Request, caller: Caller) -> Response:
        if request.headers.get("Account-Deletion") == "true":  # from auth: the gateway removes this header
            self._library.delete_owner(caller.user)
            self._podcasts.revoke(caller.user)
        else:
            self._library.delete_all(caller.user)
        return Response(status=204)

    ROUTES = Map(
        [
            Rule("/download/<mp3>", methods=["GET"], endpoint=_download_mp3),
            Rule("/download.zip", methods=["GET"], endpoint=_download_zip),
            Rule("/d/<link>", methods=["GET"], endpoint=_follow_link),
            Rule("/d/<link>/chapters", methods=["GET"], endpoint=_show_chapters),
            Rule("/feed", methods=["POST"], endpoint=_renew_feed),
            Rule("/feed", methods=["GET"], endpoint=_show_feed),
            Rule("/feed", methods=["DELETE"], endpoint=_revoke_feed),
            Rule("/feed/<feed>.xml", methods=["GET"], endpoint=_read_feed),
            Rule("/jobs", methods=["GET"], endpoint=_list_jobs),
            Rule("/jobs", methods=["DELETE"], endpoint=_delete_jobs),
            Rule("/jobs/<job>", methods=["GET"], endpoint=_show_job),
            Rule("/jobs/<job>", methods=["DELETE"], endpoint=_delete_job),
            Rule("/jobs/<job>/link", methods=["POST"], endpoint=_make_link),
        ],
        merge_slashes=False,
    )


def _iso(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


def _seconds(request: Request) -> int:
    """Return how long the link is to be valid; raise a 400 problem unless that is allowed."""
    body = request.get_data()
    try:
        seconds = json.loads(body).get("expires_in", DEFAULT_LINK_SECONDS) if body else DEFAULT_LINK_SECONDS
    except (ValueError, AttributeError, RecursionError):
        seconds = 0
    # In JSON Schema 60.0 is an integer, and in Python true is one.
    if type(seconds) not in {int, float} or not MIN_LINK_SECONDS <= seconds <= MAX_LINK_SECONDS or seconds % 1:
        allowed = f"a whole number of seconds from {MIN_LINK_SECONDS} to {MAX_LINK_SECONDS}"
        raise Problem(400, f'The body must be JSON, such as {{"expires_in": 3600}}: {allowed}.')
    return int(seconds)
