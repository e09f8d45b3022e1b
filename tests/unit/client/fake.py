"""A stand-in for the service: accounts, tokens, tus uploads, jobs and downloads, kept in memory.

Its `faults` answer the next requests instead: each takes the request, and returns an answer, or None for the usual one.
"""

import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from itertools import count

from werkzeug import Request, Response

from tests.support.web import WebServer

TOKEN, SESSION, PASSWORD = "v2m_token", "a.session.token", "a film for my ears"
MP3 = bytes(range(256)) * 400
Fault = Callable[[Request], Response | None]


class FakeService:
    """Each job is done at the second look; `polls` has one progress for each look before that."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []
        self.headers: list[Mapping[str, str]] = []
        self.faults: list[Fault] = []
        self.uploads: dict[str, Upload] = {}
        self.keys: dict[str, str] = {}
        self.jobs: dict[str, dict[str, object]] = {}
        self.tokens: dict[str, dict[str, object]] = {}
        self.polls: list[float] = [0.5]
        self.reason: dict[str, str] | None = None
        self.mp3 = MP3
        self._looks: dict[str, Iterator[float]] = {}
        self._numbers = count(1)
        self.web = WebServer(self._answer)
        self.url = self.web.url

    def new_id(self) -> str:
        return f"{next(self._numbers):024x}"

    def add_job(self, name: str) -> str:
        number = self.new_id()
        self.jobs[number] = {
            "id": number,
            "name": name,
            "size": 1,
            "options": {},
            "state": "uploaded",
            "progress": 0,
            "reason": None,
            "mp3": None,
            "created": "2026-11-28T10:00:00Z",
            "video_kept_until": None,
        }
        self._looks[number] = iter(self.polls)
        return number

    def calls(self, method: str, path: str) -> int:
        """Return how many requests there were."""
        return sum(seen == method and bool(re.fullmatch(path, where)) for seen, where in self.seen)

    def _answer(self, request: Request) -> Response:
        self.seen.append((request.method, request.path))
        self.headers.append({**request.headers})
        if self.faults and (answer := self.faults[0](request)):
            self.faults.pop(0)
            return answer
        if request.path in {"/", "/openapi.json"}:
            return answer_of({"info": {"title": "video2mp3", "version": "0.2.0"}})
        if request.path == "/auth/login":
            given = request.authorization
            if given is None or given.password != PASSWORD:
                return problem(401, "Wrong.")
            return answer_of({"token": SESSION, "expires_in": 3600})
        bearer = request.headers.get("Authorization", "")
        if bearer not in {f"Bearer {TOKEN}", f"Bearer {SESSION}"}:
            return problem(401, "Log in with POST /auth/login.")
        if request.path == "/auth/logout" and bearer.endswith(TOKEN):
            self.tokens.clear()
        return self._of_caller(request, by_session=bearer.endswith(SESSION))

    def _of_caller(  # noqa: PLR0911  # one for each route
        self, request: Request, *, by_session: bool
    ) -> Response:
        method, path = request.method, request.path
        match [method, *path[1:].split("/")]:
            case ["GET", "auth", "verify"] | ["POST", "auth", "logout"]:
                return Response(status=204)
            case [_, "auth", "tokens", *rest]:
                return self._tokens(request, rest) if by_session else problem(403, "A token cannot manage tokens.")
            case ["POST", "uploads"]:
                return self._create(request)
            case [_, "uploads", number] if number in self.uploads:
                return self._upload(request, self.uploads[number])
            case ["GET", "jobs"]:
                return self._list(request)
            case ["GET", "jobs", number] if number in self.jobs:
                return answer_of(self._look(number))
            case ["DELETE", "jobs", number] if number in self.jobs:
                del self.jobs[number]
                return Response(status=204)
            case ["POST", "jobs", number, "link"] if number in self.jobs:
                seconds = json.loads(request.get_data()).get("expires_in", 86400)
                return answer_of({"url": f"{self.url}/d/{seconds}", "expires": "2026-11-29T10:00:00Z"})
            case ["GET", "download", _]:
                return self._download(request)
        return problem(404, "Not found.")

    def _tokens(self, request: Request, rest: list[str]) -> Response:
        match [request.method, *rest]:
            case ["POST"]:
                number = self.new_id()
                asked = json.loads(request.get_data())
                times = {"created": "2026-11-28T10:00:00Z", "expires": "2027-02-26T10:00:00Z"}
                self.tokens[number] = {"id": number, "name": asked["name"], "scope": asked["scope"], **times}
                return answer_of({**self.tokens[number], "token": TOKEN}, 201)
            case ["GET"]:
                return answer_of({"tokens": [{**token, "last_used": None} for token in self.tokens.values()]})
            case ["DELETE", number] if self.tokens.pop(number, None):
                return Response(status=204)
        return problem(404, "Token not found.")

    def _create(self, request: Request) -> Response:
        key = request.headers.get("Idempotency-Key", "")
        number = self.keys.setdefault(key or self.new_id(), self.new_id())
        words = dict(pair.partition(" ")[::2] for pair in request.headers["Upload-Metadata"].split(","))
        metadata = {name: b64decode(value).decode() for name, value in words.items()}
        upload = self.uploads.setdefault(number, Upload(number, int(request.headers["Upload-Length"]), metadata))
        return Response(None, 201, {"Location": f"/uploads/{number}", "Upload-Offset": str(len(upload.data))})

    def _upload(self, request: Request, upload: "Upload") -> Response:
        if request.method == "PATCH":
            if int(request.headers["Upload-Offset"]) != len(upload.data):
                return problem(409, "Wrong offset.")
            take(request, upload, upload.length - len(upload.data))
        if request.method == "DELETE":
            del self.uploads[upload.number]
            return Response(status=204)
        if len(upload.data) == upload.length and not upload.job:
            upload.job = self.add_job(upload.metadata["filename"])
            self.jobs[upload.job]["options"] = {k: v for k, v in upload.metadata.items() if k != "filename"}
        headers = {"Upload-Offset": str(len(upload.data)), "Upload-Length": str(upload.length)}
        headers |= {"Content-Location": f"/jobs/{upload.job}"} if upload.job else {}
        return Response(None, 204 if request.method == "PATCH" else 200, headers)

    def _list(self, request: Request) -> Response:
        before, limit = request.args.get("before", "f" * 24), int(request.args["limit"])
        older = sorted((number for number in self.jobs if number < before), reverse=True)
        return answer_of({"jobs": [self.jobs[number] for number in older[:limit]], "next": None})

    def _look(self, number: str) -> dict[str, object]:
        job = self.jobs[number]
        progress = next(self._looks[number], None)
        if progress is not None:
            return {**job, "state": "converting", "progress": progress}
        if job["state"] in {"done", "failed"}:
            return job
        if self.reason:
            job |= {"state": "failed", "reason": self.reason}
        else:
            mp3 = {"id": number, "size": len(self.mp3), "duration": 5.3, "incomplete": False}
            job |= {"state": "done", "progress": 1, "mp3": mp3}
        return job

    def _download(self, request: Request) -> Response:
        begin = int(request.headers.get("Range", "bytes=0-")[6:-1])
        headers = {"Content-Range": f"bytes {begin}-{len(self.mp3) - 1}/{len(self.mp3)}"} if begin else {}
        return Response(self.mp3[begin:], 206 if begin else 200, headers, content_type="audio/mpeg")


class Upload:
    def __init__(self, number: str, length: int, metadata: dict[str, str]) -> None:
        self.number = number
        self.length = length
        self.metadata = metadata
        self.data = b""
        self.job = ""


def take(request: Request, upload: Upload, most: int) -> None:
    """Store so many bytes of the request's body."""
    while most and (piece := request.environ["wsgi.input"].read(min(most, 65536))):
        upload.data += piece
        most -= len(piece)


def answer_of(body: object, status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    body = {"title": "Problem", "status": status, "detail": detail, "trace": "0" * 32}
    return Response(json.dumps(body), status, headers, content_type="application/problem+json")
