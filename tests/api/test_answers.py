"""The requests that schemathesis generates from the document, sent to the running system."""

from base64 import b64encode
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import settings
from schemathesis import Case, Response
from schemathesis.core import NOT_SET
from schemathesis.schemas import APIOperation

from functions.shared.letters import Kind
from tests.api.contract import OPERATIONS, schema
from tests.api.guests import credentials, mend, mend_upload, name_own, one_in, prove
from tests.api.seen import Seen
from tests.support.auth import PASSWORD
from tests.support.people import Member, People
from tests.support.stacks import RunningStack
from tests.support.tus import BYTES, VERSION

Operation = APIOperation[Any, Any, Any, Any]
JSON = "application/json"
PART = BYTES | {"Upload-Offset": "0"}
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
    _change(case, people, guest)
    if case.path.startswith("/uploads"):
        if case.body and one_in(2 if case.method == "POST" else 4, case):
            headers["Content-Type"] = "text/plain"
        mend_upload(case)
    prove(case, people, guest)
    name_own(case, guest)  # late, as what is decided by the drawn case would change with the guest's ids
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
    if case.path == "/uploads/{upload}":
        if one_in(3, case):
            people.expire_upload(guest)
        elif one_in(2, case):
            people.complete_upload(guest)


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


@pytest.mark.parametrize(
    "situation",
    [
        ("HEAD", "under way", {}, 200),
        ("HEAD", "becoming a job", {}, 423),
        ("HEAD", "expired", {}, 410),
        ("PATCH", "under way", PART, 204),
        ("PATCH", "under way", PART | {"Upload-Offset": "1"}, 409),
        ("PATCH", "under way", PART | {"Content-Type": "text/plain"}, 415),
        ("PATCH", "under way", PART | {"Upload-Checksum": f"sha1 {b64encode(bytes(20)).decode()}"}, 460),
        ("PATCH", "becoming a job", PART | {"Upload-Offset": "1000"}, 423),
        ("PATCH", "expired", PART, 410),
        ("DELETE", "under way", {}, 204),
        ("DELETE", "becoming a job", {}, 423),
    ],
)
def test_upload_in_each_state_is_answered_as_documented(
    stack: RunningStack, people: People, seen: Seen, situation: tuple[str, str, dict[str, str], int]
) -> None:
    """The drawn cases change with the document, and few of them meet an upload in such a state."""
    method, state, headers, status = situation
    guest = people.newcomer()
    if state != "under way":
        {"becoming a job": people.complete_upload, "expired": people.expire_upload}[state](guest)
    case = operation(f"{method} /uploads/{{upload}}").Case(
        path_parameters={"upload": guest.upload},
        headers=VERSION | headers,
        body=b"x" if headers else NOT_SET,
    )
    answer = case.call_and_validate(base_url=stack.url, headers=guest.headers())
    assert answer.status_code == status
    seen.note(case, answer)


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
