"""Many idle and slow clients beside one who uses the product."""

import pytest

from tests.limits.bystander import UPLOAD, Bystander
from tests.limits.crowd import SLOW, WITHIN, crowd
from tests.support.person import Person
from tests.support.stacks import RunningStack

OF_AN_ADDRESS = 16  # uploads under way, as the gateway allows

pytestmark = pytest.mark.timing


@pytest.mark.timeout(240)
def test_crowd_of_one_address_delays_no_other_user(stack: RunningStack) -> None:
    """Of 200 slow uploads 16 begin and are cut off within a minute, 184 are refused; all others have their answers."""
    bystander = Bystander(Person(stack.url, stack.mail))
    with bystander.at_work():
        cuts = crowd(stack, ["127.0.1.1"]).come()
    assert bystander.wrong == []
    assert len(bystander.seconds[UPLOAD]) > 5
    slow, refused = ([cut for cut in cuts if cut.status == status] for status in (408, 429))
    assert (len(slow), len(refused)) == (OF_AN_ADDRESS, SLOW - OF_AN_ADDRESS)
    assert max(cut.seconds for cut in slow) < WITHIN
    assert all("\r\nretry-after: " in cut.headers for cut in refused)
