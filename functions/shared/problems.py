"""HTTP errors as `application/problem+json` (RFC 9457): what failed and what to do."""

import json
from collections.abc import Mapping
from http import HTTPStatus

from werkzeug.wrappers import Response


class Problem(Exception):  # noqa: N818  # RFC 9457's own name
    """An answer other than success; `detail` is for the caller and tells what to do."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})

    def response(self) -> Response:
        body = {"title": HTTPStatus(self.status).phrase, "status": self.status, "detail": self.detail}
        return Response(json.dumps(body) + "\n", self.status, self.headers, content_type="application/problem+json")


def unauthorized(detail: str) -> Problem:
    """401 for a token that is missing, malformed, expired or not ours."""
    return Problem(401, detail, {"WWW-Authenticate": 'Bearer realm="video2mp3"'})


def away(store: str) -> Problem:
    """503 for a store that does not answer now."""
    return Problem(503, f"{store} does not answer at the moment. Try again in a few seconds.", {"Retry-After": "5"})


def not_found(what: str) -> Problem:
    """404, the same whether the thing never was, is gone or is somebody else's."""
    return Problem(404, f"There is no such {what} among yours. GET /jobs lists what there is.")
