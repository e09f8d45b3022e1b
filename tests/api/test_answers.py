"""The requests that schemathesis generates from the document, sent to the running system."""

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import settings
from schemathesis import Case, Response
from schemathesis.core import NOT_SET
from schemathesis.schemas import APIOperation

from functions.shared.letters import Kind
from tests.api.contract import OPERATIONS, schema
from tests.api.guests import PART, credentials, mend, mend_upload, name_own, one_in, prove
from tests.api.seen import Seen
from tests.support.auth import PASSWORD
from tests.support.people import Member, People
from tests.support.stacks import RunningStack
from tests.support.tus import VERSION

Operation = APIOperation[Any, Any, Any, Any]
JSON = "application/json"
ENOUGH = {"api-long": 10_000}  # cases, by profile
# Operations that a token of the scope `read` may not call.
FORBIDDING = [
    operation
    for operation in OPERATIONS
    if "403" in operation.responses.status_codes and {"token": []} in operation.definition.raw.get("security", [])
]
# Statuses that any operation may answer whatever the request; schemathesis checks the 401 of each itself.
TROUBLE = {400, 401, 408, 412, 413, 414, 429, 431, 503, 507}
# A user with a thousand jobs, and other settings: tests/integration has them.
ELSEWHERE = {
    ("GET /download.zip", 422),
    ("POST /auth/register", 202),
    ("POST /auth/register", 403),
    ("POST /auth/login", 403),
}


@schema.parametrize()
def test_operation_answers_as_documented(case: Case[Any], stack: RunningStack, people: People, seen: Seen) -> None:
    """Examples, boundaries and random requests, valid and invalid, get an answer that the document describes."""
    guest = people.newcomer()
    headers = {} if one_in(8, case) else credentials(case, guest)
    name_own(case, guest)
    _change(case, people, guest)
    if case.path == "/uploads/{upload}":
        if one_in(3, case):
            people.expire_upload(guest)
        elif one_in(2, case):
            people.complete_upload(guest)
    if case.path.startswith("/uploads"):
        mend_upload(case)
        if case.body and one_in(2 if case.method == "POST" else 4, case):
            headers["Content-Type"] = "text/plain"
    mend(case)
    answer = case.call_and_validate(base_url=stack.url, headers=headers)
    seen.note(case, answer)


def _change(case: Case[Any], people: People, guest: Member) -> None:
    """Change what the guest has for some of the cases, which get other answers then."""
    if case.path.endswith("/again") and one_in(2, case):
        people.keep_video(guest)
    if case.path.endswith(("/link", "/download.zip")) and one_in(3, case):
        people.remove_mp3(guest)
    if case.path == "/feed" and one_in(2, case):
        people.end_feed(guest)
    if case.path.startswith("/webhook") and one_in(2, case):
        people.end_webhook(guest)
    if case.path == "/auth/tokens" and one_in(4, case):
        people.use_up_tokens(guest)
    prove(case, people, guest)


@pytest.mark.parametrize("operation", FORBIDDING, ids=lambda operation: operation.label)
def test_refused_credential_is_answered_as_documented(
    operation: Operation, stack: RunningStack, people: People, seen: Seen
) -> None:
    """What a token of the scope `read` may not do, whatever the request says."""
    guest = people.newcomer()
    case = operation.Case(path_parameters={parameter.name: str(uuid4()) for parameter in operation.path_parameters})
    answer = case.call_and_validate(base_url=stack.url, headers=guest.headers("read token"))
    assert answer.status_code == 403
    seen.note(case, answer)


def test_unsuitable_new_password_is_answered_as_documented(stack: RunningStack, people: People, seen: Seen) -> None:
    """Only whoever has a letter, or has logged in, gets to know it."""
    guest = people.newcomer()
    reset = {"secret": people.letter(Kind.RESET, guest.account.email), "password": "short"}
    change = {"current": PASSWORD, "new": "short"}
    for label, body in (("POST /auth/reset", reset), ("POST /auth/password", change)):
        case = operation(label).Case(body={**body}, media_type=JSON)
        answer = case.call_and_validate(base_url=stack.url, headers=guest.headers())
        assert answer.status_code == 422
        seen.note(case, answer)


def test_upload_under_way_and_expired_is_answered_as_documented(
    stack: RunningStack, people: People, seen: Seen
) -> None:
    """Few of the drawn cases meet an upload in each of its states."""
    guest = people.newcomer()

    def answered(method: str, **headers: str) -> int:
        case = operation(f"{method} /uploads/{{upload}}").Case(
            path_parameters={"upload": guest.upload},
            headers=VERSION | headers,
            body=b"x" if method == "PATCH" else NOT_SET,
        )
        answer = case.call_and_validate(base_url=stack.url, headers=guest.headers())
        seen.note(case, answer)
        return answer.status_code

    part = {"Content-Type": PART, "Upload-Offset": "1001"}
    assert [answered("HEAD"), answered("PATCH", **part)] == [200, 409]
    people.expire_upload(guest)
    assert [answered("HEAD"), answered("PATCH", **part)] == [410, 410]


def operation(label: str) -> Operation:
    (found,) = (operation for operation in OPERATIONS if operation.label == label)
    return found


def test_login_from_another_site_is_answered_as_documented(stack: RunningStack, seen: Seen) -> None:
    case = operation("POST /auth/session").Case()
    answer = case.call_and_validate(base_url=stack.url, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    seen.note(case, answer)


def test_linked_operations_answer_as_documented(stack: RunningStack, people: People, seen: Seen) -> None:
    """So do sequences of one user's requests along the document's links.

    Registration is left out: no link leads from it, and its answer depends on earlier registrations.
    """

    class Sequence(schema.exclude(path="/auth/register").as_state_machine()):  # type: ignore[misc]  # made at run time
        def setup(self) -> None:
            self.guest = people.newcomer()

        def before_call(self, case: Case[Any]) -> None:
            mend(case)

        def get_call_kwargs(self, case: Case[Any]) -> dict[str, Any]:
            return {"base_url": stack.url, "headers": credentials(case, self.guest)}

        def after_call(self, response: Response, case: Case[Any]) -> None:
            super().after_call(response, case)
            seen.note(case, response)

    Sequence.run(settings=settings(max_examples=settings().max_examples // 2))


def test_enough_cases_and_all_answers_were_seen(seen: Seen) -> None:
    """There were enough cases, and each documented answer was seen except those of overload and failure."""
    print(seen)
    wanted = {
        (operation.label, int(status))
        for operation in OPERATIONS
        for status in operation.responses.status_codes
        if int(status) not in TROUBLE
    }
    assert wanted - seen.answers.keys() == ELSEWHERE
    assert seen.answers.total() >= ENOUGH.get(settings.get_current_profile_name(), 500)
