"""Many logins at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.support.person import From, Person
from tests.support.stacks import RunningStack

LOGINS = 200
ALLOWED = 10  # at once, and another each six seconds

pytestmark = pytest.mark.timing


def test_two_hundred_logins_of_an_address_are_limited_by_the_gateway(stack: RunningStack) -> None:
    """A few are answered by auth, all others are 429 with `Retry-After`; another user logs in meanwhile."""
    victim, other = Person(stack.url, stack.mail), Person(stack.url, stack.mail)

    def log_in(_number: int) -> requests.Response:
        with requests.Session() as session:
            session.mount("http://", From("127.0.1.2"))
            return session.post(f"{stack.url}/auth/login", auth=(victim.address, "not the password"), timeout=60)

    with ThreadPoolExecutor(50) as pool:
        answers = [pool.submit(log_in, number) for number in range(LOGINS)]
        other.log_in()
        statuses = [answer.result().status_code for answer in answers]
    assert set(statuses) == {401, 429}
    assert ALLOWED <= statuses.count(401) <= ALLOWED + 5
    refused = [answer.result() for answer in answers if answer.result().status_code == 429]
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)
