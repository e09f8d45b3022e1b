"""Every cell of the matrix, at the gateway and at the functions behind it."""

import json
import re
from dataclasses import dataclass

import pytest

from scripts.local.supervision import REPOSITORY
from tests.journey.authorization.asking import ask
from tests.support.matrix import WHOSE, Cell, cells
from tests.support.people import Member, People
from tests.support.problems import assert_problem, without_ids
from tests.support.routes import of_functions
from tests.support.stacks import RunningStack

CELLS = cells()
READING = {"GET", "HEAD", "OPTIONS"}
LIKE_MISSING = [cell for cell in CELLS if cell.whose == "foreign" and cell.status == 404]


@dataclass(frozen=True)
class Scene:
    """The caller, another user, and what each of them has before the request."""

    me: Member
    other: Member
    mine: object
    others: object


@pytest.fixture(scope="module")
def lasting(people: People) -> tuple[Member, Member, object, object]:
    """Two people whom nothing is to be done to."""
    a, b = people.newcomer(), people.newcomer()
    return a, b, people.belongings(a), people.belongings(b)


@pytest.fixture
def scene(lasting: tuple[Member, Member, object, object], people: People, cell: Cell) -> Scene:
    """New people only where the cell, or the caller's kind, changes something: making them takes the most time."""
    a, b, of_a, of_b = lasting
    if not (cell.refused or cell.method in READING):
        a, b = people.newcomer(), people.newcomer()
        of_a = of_b = None
    me, other = (b, a) if cell.caller == "B" else (a, b)
    mine, others = (of_b, of_a) if cell.caller == "B" else (of_a, of_b)
    me = people.as_caller(me, cell.caller, cell.credential)
    return Scene(me, other, mine or people.belongings(me), others or people.belongings(other))


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_matrix_cell_has_its_status(stack: RunningStack, people: People, scene: Scene, cell: Cell) -> None:
    """The status is the table's; the other user loses nothing and is not revealed; a rejection changes nothing."""
    me, other = scene.me, scene.other
    named = dict(zip(WHOSE, (me, other, people.unknown_user()), strict=True))[cell.whose]
    answer = ask(stack, cell, me, named)
    assert answer.status_code == cell.status, answer.text
    assert people.belongings(other) == scene.others
    if "<link>" not in cell.path and "<feed>" not in cell.path:  # which show their MP3s to whoever has them
        said = (answer.text + str(answer.headers)).replace(f"Job {named.job} not found", "")
        assert not [name for name in other.names if name in said]
    if cell.refused and cell.method != "HEAD":
        assert_problem(answer, cell.status)
    if cell.refused or cell.method in READING:
        assert people.belongings(me) == scene.mine
    if cell.status == 204 and cell.method not in READING:
        assert people.belongings(me) != scene.mine
    if cell.status == 201 and cell.path == "/uploads":
        assert (f"/jobs/{me.job}" == answer.headers.get("Content-Location")) == (cell.whose == "own")
    if cell.status == 202 and cell.path != "/auth/forgot":
        assert (answer.json()["id"] == me.job) == (cell.whose == "own")
    if cell.method == "GET":
        head = ask(stack, cell, me, named, "HEAD")
        assert (head.status_code, head.content) == (cell.status, b"")


@pytest.mark.parametrize("cell", LIKE_MISSING, ids=str)
def test_foreign_resource_is_answered_like_a_missing_one(
    stack: RunningStack, people: People, scene: Scene, cell: Cell
) -> None:
    """Another user's resource is answered like a missing one: status, headers and body, but for the request's ids."""
    answers = []
    for named in (scene.other, people.unknown_user()):
        status, headers, body = without_ids(ask(stack, cell, scene.me, named))
        answers.append((status, headers, body.replace(named.job.encode(), b"")))
    assert answers[0] == answers[1]


def test_matrix_is_complete() -> None:
    """Each route has all callers with each credential at the gateway, with a JWT at the function, and all things."""
    routes = {(cell.method, cell.path) for cell in CELLS}
    callers = {"none", "bad", "expired", "revoked", "A", "B"}
    asked = {(cell.method, cell.path, cell.door, cell.credential, cell.caller, cell.whose) for cell in CELLS}
    at = [("gateway", credential) for credential in ("JWT", "cookie", "read token", "write token")]
    at.append(("function", "JWT"))
    assert asked == {
        (*route, *door, caller, whose) for route in routes for door in at for caller in callers for whose in WHOSE
    }
    assert len(asked) == len(CELLS)


def test_matrix_has_every_documented_operation_that_needs_a_caller() -> None:
    """A route of the API's document with the security scheme `token` fails here until the table has a row for it."""
    document = json.loads((REPOSITORY / "infra/gateway/openapi.json").read_text())
    guarded = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method != "parameters" and {"token": []} in operation.get("security", [])
    }
    refusing = {(cell.method, re.sub(r"<(\w+)>", r"{\1}", cell.path)) for cell in CELLS if cell.status == 401}
    guarded -= {("HEAD", path) for method, path in guarded if method == "GET"}
    assert refusing == guarded | {("POST", "/auth/login"), ("POST", "/auth/session")}


def test_matrix_lists_every_route() -> None:
    """The table's routes are those of the functions that take HTTP, HEAD where there is GET; others take events."""
    tabled = {(cell.method, cell.path, cell.function) for cell in CELLS}
    assert of_functions() == tabled | {("HEAD", path, function) for method, path, function in tabled if method == "GET"}
