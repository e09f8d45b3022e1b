"""HTTP errors as `application/problem+json` (RFC 9457): what failed and what to do."""

import json
from collections.abc import Mapping
from http import HTTPStatus

from werkzeug.wrappers import Response

# 460 is of tus.
TITLES = {status.value: status.phrase for status in HTTPStatus} | {460: "Checksum Mismatch"}


class Problem(Exception):  # noqa: N818  # RFC 9457's own name
    """An error response. `detail` is plain text for the caller: what failed and what to do."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})

    def response(self, trace: str) -> Response:
        """Return the response, with the request's trace id in the extension member `trace`."""
        title = TITLES[self.status]
        body = {"title": title, "status": self.status, "detail": self.detail, "trace": trace}
        status = f"{self.status} {title}"
        return Response(json.dumps(body) + "\n", status, self.headers, content_type="application/problem+json")
