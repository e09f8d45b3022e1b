"""The document describes all of the API, and nothing else."""

import re
from collections import defaultdict

import pytest
import requests
from schemathesis import openapi

from functions.convert import verdict
from functions.convert.span import NO_SUCH_PART
from functions.convert.tracks import NO_SUCH_TRACK
from functions.shared.job import conversions
from functions.shared.job.document import Reason
from scripts.local.supervision import REPOSITORY
from tests.api.contract import DOCUMENT, OPERATIONS, schema
from tests.support.matrix import cells
from tests.support.people import People
from tests.support.problems import assert_problem
from tests.support.routes import of_functions
from tests.support.stacks import RunningStack

GATEWAYS_OWN = {("GET", "/"), ("GET", "/openapi.json")}
BY_ROUTE = {(operation.method.upper(), operation.path): operation for operation in OPERATIONS}
PATHS = sorted({path for _, path in BY_ROUTE})


def _with_head(routes: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Add HEAD wherever there is GET, as the document's description states."""
    return routes | {("HEAD", path) for method, path in routes if method == "GET"}


def test_document_is_valid_openapi() -> None:
    """It is valid OpenAPI 3.1."""
    document = openapi.from_path(DOCUMENT)  # unchanged: the links that schemathesis infers are not valid OpenAPI
    assert document.raw_schema["openapi"].startswith("3.1.")
    document.validate()


def test_document_lists_exactly_the_routes() -> None:
    """Its operations are the functions' routes and the gateway's own two."""
    routes = {(method, re.sub(r"<(\w+)>", r"{\1}", path)) for method, path, _ in of_functions()}
    assert _with_head(set(BY_ROUTE)) == routes | _with_head(GATEWAYS_OWN)


def test_document_matches_the_authorization_matrix() -> None:
    """The matrix covers each operation except the gateway's own, which are public."""
    asserted = {(cell.method, re.sub(r"<(\w+)>", r"{\1}", cell.path)) for cell in cells()}
    assert _with_head(set(BY_ROUTE)) == _with_head(asserted | GATEWAYS_OWN)
    closed = {route for route, operation in BY_ROUTE.items() if "401" in operation.responses.status_codes}
    refused = {(cell.method, re.sub(r"<(\w+)>", r"{\1}", cell.path)) for cell in cells() if cell.status == 401}
    assert _with_head(closed) == _with_head(refused)


def test_document_lists_cookies_wherever_tokens_are() -> None:
    """The gateway exchanges both on every route."""
    for operation in OPERATIONS:
        kinds = {name for kind in operation.definition.raw.get("security", []) for name in kind}
        assert ("token" in kinds) == ("session" in kinds), operation.label


@pytest.mark.parametrize("path", PATHS)
def test_undocumented_method_is_405_with_allow(stack: RunningStack, people: People, path: str) -> None:
    """An undocumented method answers 405 with the documented ones; so does TRACE, which NGINX itself rejects."""
    known = {method for method, of in _with_head(set(BY_ROUTE)) if of == path}
    headers = {"Authorization": f"Bearer {people.newcomer().token}"}
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"} - known:
        named = path.format_map(defaultdict(lambda: "0" * 24, link="0" * 60, feed="0" * 43))
        answer = requests.request(method, stack.url + named, headers=headers)
        assert_problem(answer, 405)
        assert set(answer.headers["Allow"].split(", ")) == known


def test_document_is_served_and_linked(stack: RunningStack) -> None:
    """The index links to it by JSON and `Link`, and lists only routes that it describes."""
    index = requests.get(stack.url)
    method, path = index.json()["description"].split()
    served = requests.request(method, stack.url + path)
    assert served.content == DOCUMENT.read_bytes()
    assert index.links["service-desc"]["url"] == path
    assert {tuple(route.replace("{mp3 id}", "{mp3}").split()) for route in index.json().values()} <= set(BY_ROUTE)


def test_document_lists_the_gateways_own_problems() -> None:
    """Each problem of the gateway's template is documented; those that any request may get, at each operation."""
    template = (REPOSITORY / "infra/gateway/nginx.conf.template").read_text()
    said = set(re.findall(r'"status":(\d{3})', template))
    anywhere = said - {"401", "403", "404", "405", "412", "503"}
    documented = {status for operation in OPERATIONS for status in operation.responses.status_codes}
    assert "MethodNotAllowed" in schema.raw_schema["components"]["responses"]
    assert said - {"405"} <= documented
    for route, operation in BY_ROUTE.items():
        asked = set() if route in GATEWAYS_OWN else {"503"}
        assert anywhere | asked <= set(operation.responses.status_codes), route


def test_document_lists_every_reason() -> None:
    """The codes of a failed job are those of convert and of the sweeper."""
    codes = {
        value.code for module in (verdict, conversions) for value in vars(module).values() if isinstance(value, Reason)
    } | {NO_SUCH_PART, NO_SUCH_TRACK}
    assert set(schema.raw_schema["components"]["schemas"]["Reason"]["properties"]["code"]["enum"]) == codes
