"""The requests that schemathesis generates from the document, sent to the running system."""

from typing import Any

from hypothesis import settings
from schemathesis import Case, Response

from tests.api.contract import OPERATIONS, schema
from tests.api.guests import credentials, mend, name_own, one_in
from tests.api.seen import Seen
from tests.support.people import People
from tests.support.stacks import RunningStack

ENOUGH = {"api-long": 10_000}  # cases, by profile
# Statuses that any operation may answer whatever the request; schemathesis checks the 401 of each itself.
TROUBLE = {400, 401, 408, 412, 413, 414, 429, 431, 503, 507}
MANY_JOBS = {("GET /download.zip", 422)}  # needs a user with a thousand jobs


@schema.parametrize()
def test_operation_answers_as_documented(case: Case[Any], stack: RunningStack, people: People, seen: Seen) -> None:
    """Examples, boundaries and random requests, valid and invalid, get an answer that the document describes."""
    guest = people.newcomer()
    headers = {} if one_in(8, case) else credentials(case, guest)
    name_own(case, guest)
    if case.path.endswith("/again") and one_in(2, case):
        people.keep_video(guest)
    if case.path.endswith(("/link", "/download.zip")) and one_in(3, case):
        people.remove_mp3(guest)
    if case.path == "/feed" and one_in(2, case):
        people.end_feed(guest)
    mend(case)
    answer = case.call_and_validate(base_url=stack.url, headers=headers)
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
    assert wanted - seen.answers.keys() == MANY_JOBS
    assert seen.answers.total() >= ENOUGH.get(settings.get_current_profile_name(), 500)
