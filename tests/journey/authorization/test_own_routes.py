"""The functions' own routes, beside the gateway: they know JWTs alone."""

import pytest

from tests.journey.authorization.asking import send
from tests.support.people import People
from tests.support.problems import assert_problem
from tests.support.stacks import RunningStack

OWN_ROUTES = [("upload", "PUT", "/upload?name=a.mp4"), ("download", "GET", "/jobs")]


@pytest.mark.parametrize("credential", ["cookie", "read token", "write token"])
@pytest.mark.parametrize("route", OWN_ROUTES, ids=str)
def test_cookie_or_api_token_opens_no_functions_own_route(
    stack: RunningStack, people: People, credential: str, route: tuple[str, str, str]
) -> None:
    """Through the gateway it does."""
    headers, (function, method, path) = people.newcomer().headers(credential), route
    assert_problem(send(stack.functions[function], method, path, None, headers=headers), 401)
    assert send(stack.url, "GET", "/jobs", None, headers=headers).status_code == 200
