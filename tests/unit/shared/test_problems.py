"""HTTP errors as problems."""

from functions.shared.problems import Problem


def test_problem_has_title_status_detail_and_headers() -> None:
    """The body is RFC 9457's, the title is the status's own, the headers are those of the status."""
    response = Problem(413, "Videos are limited to 4 GiB.", {"Retry-After": "5"}).response()
    assert (response.status_code, response.content_type) == (413, "application/problem+json")
    assert response.headers["Retry-After"] == "5"
    assert response.json == {
        "title": "Request Entity Too Large",
        "status": 413,
        "detail": "Videos are limited to 4 GiB.",
    }
