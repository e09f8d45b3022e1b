"""Every cell of the matrix, at the gateway and at the functions behind it."""

from dataclasses import dataclass

import pytest

from tests.journey.authorization.asking import ask
from tests.support.matrix import WHOSE, Cell, cells
from tests.support.people import Member, People
from tests.support.problems import assert_problem, without_ids
from tests.support.routes import of_functions
from tests.support.stacks import RunningStack

CELLS = cells()
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
    if cell.ends_session or not (cell.refused or cell.method == "GET"):
        a, b = people.newcomer(), people.newcomer()
        of_a = of_b = None
    me, other = (b, a) if cell.caller == "B" else (a, b)
    mine, others = (of_b, of_a) if cell.caller == "B" else (of_a, of_b)
    me = people.as_caller(me, cell.caller)
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
    if cell.refused:
        assert_problem(answer, cell.status)
    if cell.refused or cell.method == "GET":
        assert people.belongings(me) == scene.mine
    if cell.status == 204 and cell.method != "GET":
        assert people.belongings(me) != scene.mine
    if cell.status == 202:
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
    """Each route has all six kinds of callers at both doors, and each of them names all three things."""
    routes = {(cell.method, cell.path) for cell in CELLS}
    gateway, function = {"no token", "bad", "expired", "revoked", "A", "B"}, {"no token", "bad", "expired", "past it"}
    kinds = [("gateway", caller) for caller in gateway] + [("function", caller) for caller in function | {"A", "B"}]
    asked = {(cell.method, cell.path, (cell.door, cell.caller), cell.whose) for cell in CELLS}
    assert asked == {(*route, kind, whose) for route in routes for kind in kinds for whose in WHOSE}
    assert len(asked) == len(CELLS) == 23 * 12 * 3


def test_matrix_lists_every_route() -> None:
    """The table's routes are those of the functions that take HTTP, HEAD where there is GET; others take events."""
    tabled = {(cell.method, cell.path, cell.function) for cell in CELLS}
    assert of_functions() == tabled | {("HEAD", path, function) for method, path, function in tabled if method == "GET"}
