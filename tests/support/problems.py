"""Problem answers (RFC 9457)."""

import re

import requests

TRACE = re.compile(rb'(?<="trace": ")[0-9a-f]{32}(?=")|(?<="trace":")[0-9a-f]{32}(?=")')


def assert_problem(answer: requests.Response, status: int) -> None:
    """Check that the answer is a problem (RFC 9457) with that status, a detail and the request's trace id."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["detail"]
    assert re.fullmatch("[0-9a-f]{32}", problem["trace"])


def without_ids(answer: requests.Response) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body without the time and the request's ids, the only things that may differ."""
    headers = dict(answer.headers) | dict.fromkeys(answer.headers.keys() & {"Date", "X-Request-Id"}, "")
    return answer.status_code, headers, TRACE.sub(b"", answer.content)
