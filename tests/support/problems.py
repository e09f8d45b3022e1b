"""Problem answers (RFC 9457)."""

import requests


def assert_problem(answer: requests.Response, status: int) -> None:
    """Check that the answer is a problem (RFC 9457) with that status and a detail."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["detail"]
