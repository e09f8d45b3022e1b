"""Servers that are no service of ours, or a hostile one: what they answer harms nothing and is told."""

import gzip
import json
from pathlib import Path

import pytest
from werkzeug import Request, Response

from scripts.client import service as client
from tests.unit.client.conftest import Run
from tests.unit.client.fake import MP3, FakeService, answer_of

JOB = {"id": "1" * 24, "name": "a", "size": 1, "state": "done", "progress": 1, "created": "2026-11-28T10:00:00Z"}
ANSWERS = [
    Response("<html>Welcome to nginx!</html>", 200, content_type="text/html"),
    Response("", 200),
    Response("{" * 100_000, 200),
    Response(gzip.compress(b"0" * 10_000_000), 200, {"Content-Encoding": "gzip"}),
    Response("null", 200),
    answer_of({"jobs": "many"}),
    answer_of({"jobs": [{**JOB, "id": "../../x"}]}),
    answer_of({"jobs": [{**JOB, "size": "big"}]}),
    Response(json.dumps({"jobs": [JOB]}).encode("utf-16"), 200),
    Response("x", 299),
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_answer_that_makes_no_sense_is_told(answer: Response, run: Run, service: FakeService) -> None:
    service.faults.append(lambda _request: answer)
    ran = run("ls")
    assert (ran.status, ran.out) == (5, "")
    assert "The answer makes no sense" in ran.err
    assert len(ran.err.splitlines()) == 1


def test_answer_without_end_is_not_read_to_its_end(
    run: Run, service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "MAX_ANSWER_BYTES", 1_000_000)
    service.faults.append(lambda _request: Response((b" " * 65536 for _ in iter(int, 1)), 200))
    assert run("ls").status == 5


def test_list_without_end_ends(run: Run, service: FakeService) -> None:
    page = answer_of({"jobs": [JOB] * 100})
    service.faults += [lambda _request: page] * 5
    assert run("ls", "--all").status == 0
    assert service.calls("GET", "/jobs") == 2


def test_escapes_of_an_answer_do_not_reach_the_terminal(run: Run, service: FakeService) -> None:
    hostile = {**JOB, "name": "\x1b[2J\u202e.mp4", "state": "\x1b[1m", "options": {"title": "\x1b]0;x\x07"}}
    hostile |= {"reason": {"code": "\x9b", "message": "\x1b[31m" * 1000}}
    service.faults += [lambda _request: answer_of({"jobs": [hostile]}), lambda _request: answer_of(hostile)]
    for arguments in (["ls"], ["status", "1" * 24]):
        ran = run(*arguments)
        assert ran.status == 0
        assert all(line.isprintable() for line in ran.out.splitlines())
        assert len(ran.out) < 2000


def test_escapes_of_a_problem_do_not_reach_the_terminal(run: Run, service: FakeService) -> None:
    body = json.dumps({"detail": "\x1b[2J" + "x" * 100_000})
    service.faults.append(lambda _request: Response(body, 404, content_type="application/problem+json"))
    ran = run("status", "1" * 24)
    assert ran.status == 6
    assert ran.err.strip().isprintable()
    assert len(ran.err) < 1000


@pytest.mark.parametrize("place", ["/auth", "", "/uploads/../auth", "/uploads/", "//[", "/uploads/1?a=/../auth"])
def test_place_that_is_no_upload_is_not_asked_for(place: str, run: Run, service: FakeService, video: Path) -> None:
    def redirect(request: Request) -> Response | None:
        answer = Response(None, 201, {"Location": place, "Upload-Offset": "0"})
        return answer if request.path == "/uploads" else None

    service.faults.append(redirect)
    assert run("convert", str(video)).status == 5
    assert service.seen[-1] == ("POST", "/uploads")


@pytest.mark.parametrize(
    "host", ["http://elsewhere.invalid", "//elsewhere.invalid", "https://user@elsewhere.invalid:1"]
)
def test_token_is_sent_to_no_other_place(host: str, run: Run, service: FakeService, video: Path) -> None:
    def redirect(request: Request) -> Response | None:
        if request.path != "/uploads":
            return None
        answer = service._create(request)
        answer.headers["Location"] = host + answer.headers["Location"]
        return answer

    service.faults.append(redirect)
    assert run("convert", str(video)).status == 0
    assert service.calls("PATCH", "/uploads/.*") == 1


@pytest.mark.parametrize("offset", ["-1", "9" * 30, "1e3", "", "400001"])
def test_offset_that_makes_no_sense_is_told(offset: str, run: Run, service: FakeService, video: Path) -> None:
    def answer(request: Request) -> Response | None:
        return Response(None, 204, {"Upload-Offset": offset}) if request.method == "PATCH" else None

    service.faults.append(answer)
    assert run("convert", str(video)).status == 5


@pytest.mark.parametrize("job", ["/jobs/../auth/account", "http://elsewhere.invalid/jobs/" + "1" * 24, "/jobs/1"])
def test_job_that_makes_no_sense_is_not_looked_for(job: str, run: Run, service: FakeService, video: Path) -> None:
    def answer(request: Request) -> Response | None:
        headers = {"Upload-Offset": "400000", "Content-Location": job}
        return Response(None, 201, {**headers, "Location": "/uploads/1"}) if request.path == "/uploads" else None

    service.faults.append(answer)
    run("convert", str(video))
    assert service.calls("GET", "/auth/account|/jobs/1+") == 0


def test_mp3_of_another_length_is_no_file(run: Run, service: FakeService, video: Path) -> None:
    def answer(request: Request) -> Response | None:
        return Response(MP3 + b"more", 200) if request.path.startswith("/download/") else None

    service.faults.append(answer)
    assert run("convert", str(video)).status == 5
    assert not Path("clip.mp3").exists()


def test_service_that_has_moved_is_named_and_not_followed(run: Run, service: FakeService) -> None:
    service.faults.append(lambda _request: Response(None, 301, {"Location": "https://elsewhere.invalid/"}))
    ran = run("ls")
    assert ran.status == 5
    assert "The service is elsewhere: https://elsewhere.invalid/" in ran.err
