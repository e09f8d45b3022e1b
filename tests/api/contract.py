"""The document, and the configuration of schemathesis beyond it."""

from pathlib import Path
from typing import Any

import schemathesis
from schemathesis import CheckContext, Response, openapi
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok

from scripts.local.supervision import REPOSITORY

DOCUMENT: Path = REPOSITORY / "infra/gateway/openapi.json"

# Headers that every answer has or may have, as the document's description states.
HARDENED = {
    "content-security-policy",
    "cross-origin-resource-policy",
    "referrer-policy",
    "x-content-type-options",
    "x-frame-options",
    "x-request-id",
}
# A cookie may be renewed by any answer.
GENERAL = HARDENED | {
    "set-cookie",
    "connection",
    "content-length",
    "content-type",
    "date",
    "server",
    "transfer-encoding",
}

REJECTED = ["400", "401", "403", "404", "413", "414", "422", "431"]
# What a well-formed request may get because of the upload's state, or of what OpenAPI cannot express.
RESUMABLE = {
    "POST /uploads": ["413", "415", "422", "460"],
    "PATCH /uploads/{upload}": ["404", "409", "410", "413", "415", "423", "460"],
    "HEAD /uploads/{upload}": ["404", "410", "423"],
    "DELETE /uploads/{upload}": ["404", "423"],
}

_CONFIG = {
    # Tokens are the guests' own, or missing; schemathesis tries wrong ones itself after each success.
    "generation": {"with-security-parameters": False},
    "checks": {
        # Narrower than by default: no case here reaches a limit, or a part that is unavailable.
        "positive_data_acceptance": {"expected-statuses": ["2xx", "304", "401", "403", "404", "409"]},
        # Bodies and headers that are too long are rejected too.
        "negative_data_rejection": {"expected-statuses": REJECTED},
    },
    "operations": [
        {
            "include-name": "GET /download/{mp3}",
            # A well-formed range may begin after the end.
            "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "304", "401", "404", "416"]}},
        },
        *(
            {
                "include-name": operation,
                # A link may have expired; see above for its range.
                "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "304", "404", "410", "416"]}},
            }
            for operation in ("GET /d/{link}", "HEAD /d/{link}", "GET /d/{link}/chapters")
        ),
        *(
            {
                "include-name": name,
                "checks": {
                    "positive_data_acceptance": {"expected-statuses": ["2xx", "401", "403", *statuses]},
                    "negative_data_rejection": {"expected-statuses": [*REJECTED, "412", *statuses]},
                    "missing_required_header": {"expected-statuses": ["400", "401", "403", "412", "415"]},
                },
            }
            for name, statuses in RESUMABLE.items()
        ),
        {
            "include-name": "PUT /webhook",
            # The address may be one that is not allowed.
            "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "401", "403", "422"]}},
        },
        {
            "include-name": "POST /jobs/{job}/again",
            # The job may keep no video.
            "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "401", "403", "404", "410"]}},
        },
    ],
}

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
schema = openapi.from_path(DOCUMENT, config=SchemathesisConfig.from_dict(_CONFIG))
OPERATIONS = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]


@schemathesis.check
def every_header_is_documented(_ctx: CheckContext, response: Response, case: schemathesis.Case[Any]) -> None:
    answer = case.operation.responses.find_by_status_code(response.status_code)
    documented = {name.lower() for name, _ in answer.headers.items()} if answer else {"allow"}
    protocol = {"tus-resumable"} if case.path.startswith("/uploads") else set()
    unknown = response.headers.keys() - documented - GENERAL - protocol
    assert not unknown, f"undocumented headers: {unknown}"
    missing = (HARDENED | protocol) - response.headers.keys()
    assert not missing, f"missing headers: {missing}"


@schemathesis.check
def every_error_is_a_problem(_ctx: CheckContext, response: Response, case: schemathesis.Case[Any]) -> None:
    if response.status_code >= 400 and case.method != "HEAD":
        assert response.headers["content-type"] == ["application/problem+json"]
        problem = response.json()
        assert problem.keys() == {"title", "status", "detail", "trace"}
        assert problem["status"] == response.status_code
