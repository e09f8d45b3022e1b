"""HTTP errors as problems."""

from functions.shared.problems import Problem


def test_problem_has_title_status_detail_trace_and_headers() -> None:
    """The body is RFC 9457's with the trace as an extension member, and the headers are those of the status."""
    response = Problem(413, "Videos are limited to 4 GiB.", {"Retry-After": "5"}).response("4bf92f35")
    assert (response.status_code, response.content_type) == (413, "application/problem+json")
    assert response.headers["Retry-After"] == "5"
    assert response.json == {
        "title": "Request Entity Too Large",
        "status": 413,
        "detail": "Videos are limited to 4 GiB.",
        "trace": "4bf92f35",
    }
