"""HTTP errors as problems."""

import pytest

from functions.shared.problems import Problem, away, not_found, unauthorized


@pytest.mark.parametrize(
    ("problem", "status", "title", "header"),
    [
        (Problem(413, "Too much."), 413, "Request Entity Too Large", None),
        (unauthorized("Log in."), 401, "Unauthorized", ("WWW-Authenticate", 'Bearer realm="video2mp3"')),
        (away("The store"), 503, "Service Unavailable", ("Retry-After", "5")),
        (not_found("job"), 404, "Not Found", None),
    ],
)
def test_a_problem_says_what_failed_and_what_to_do(
    problem: Problem, status: int, title: str, header: tuple[str, str] | None
) -> None:
    """Status, title and detail stand in the body, and the headers that the status asks for are there."""
    response = problem.response()
    assert (response.status_code, response.content_type) == (status, "application/problem+json")
    assert response.json == {"title": title, "status": status, "detail": problem.detail}
    assert header is None or response.headers[header[0]] == header[1]
