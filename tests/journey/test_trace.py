"""One id follows one video: a search for its trace id in all logs shows its way through the system."""

import json
import secrets
from functools import partial
from pathlib import Path

import pytest

from tests.support.person import Person
from tests.support.stacks import RunningStack
from tests.support.waiting import eventually

WAY = ["gateway", "upload", "convert", "notify"]


@pytest.fixture
def person(stack: RunningStack) -> Person:
    return Person(stack.url, stack.mail)


def _grep(stack: RunningStack, text: str) -> dict[str, list[str]]:
    """Return the lines with `text` of each log that has any, by the process's name."""
    found = {file.stem: [line for line in file.read_text().splitlines() if text in line] for file in _logs(stack)}
    return {name: lines for name, lines in found.items() if lines}


def _logs(stack: RunningStack) -> list[Path]:
    return sorted(stack.log.glob("*.log"))


def _trace(stack: RunningStack, job: str) -> str:
    """Return the trace id that upload logged with the job."""
    (accepted,) = [line for line in _grep(stack, job)["upload"] if '"accepted"' in line]
    return str(json.loads(accepted)["trace"])


def test_trace_of_the_caller_is_in_every_log_and_in_the_mail(
    stack: RunningStack, person: Person, film_clip: Path
) -> None:
    """A caller's traceparent and request id reach gateway, upload, convert and notify, and the mail's headers."""
    trace, request = secrets.token_hex(16), secrets.token_hex(8)
    parent = f"00-{trace}-{secrets.token_hex(8)}-01"
    headers = {"traceparent": parent, "X-Request-Id": request}
    answer = person.call("PUT", "/upload?name=clip.mp4", data=film_clip.read_bytes(), headers=headers)
    assert answer.headers["X-Request-Id"] == request
    job = answer.json()["id"]
    mail = eventually(lambda: person.mails_about(job), 60, "the mail")[0]
    assert mail["X-Request-Id"] == request
    assert mail["Traceparent"].split("-")[1] == trace
    eventually(lambda: "notify" in _grep(stack, trace) or None, 10, "notify's log line")
    found = _grep(stack, trace)
    assert found.keys() >= {*WAY}
    for name in WAY:
        lines = [json.loads(line) for line in found[name]]
        assert {line["trace"] for line in lines} == {trace}
        assert {line["request"] for line in lines} == {request}
    assert all(json.loads(line)["job"] == job for name in ("convert", "notify") for line in found[name])


def test_each_video_has_a_trace_of_its_own(stack: RunningStack, person: Person, film_clip: Path) -> None:
    """Without a caller's traceparent the gateway makes one for each upload, and no line of another job has it."""
    jobs = [person.upload(film_clip) for _ in range(2)]
    for job in jobs:
        eventually(partial(person.mails_about, job), 60, "the mail")
    first, second = (_trace(stack, job) for job in jobs)
    assert first != second
    for job, other in [(first, jobs[1]), (second, jobs[0])]:
        found = _grep(stack, job)
        assert found.keys() >= {*WAY}
        assert not any(other in line for lines in found.values() for line in lines)


@pytest.mark.parametrize("path", ["/jobs/000000000000000000000000", "/nowhere", "/auth/nowhere"])
def test_problem_names_the_trace_that_the_logs_have(stack: RunningStack, person: Person, path: str) -> None:
    """Whether a function or the gateway answers, the member `trace` is in the gateway's log."""
    problem = person.call("GET", path).json()
    assert problem["status"] == 404
    (line,) = eventually(lambda: _grep(stack, problem["trace"]).get("gateway"), 10, "the gateway's log line")
    assert json.loads(line)["asked"] == f"GET {path}"
