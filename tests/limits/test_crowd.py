"""Many idle and slow clients beside one who uses the product."""

import time

import pytest

from functions.shared import mongo
from scripts.local.secrets import Secrets
from tests.limits.bystander import UPLOAD, Bystander
from tests.limits.crowd import SLOW, WITHIN, crowd
from tests.limits.half_heads import half_heads
from tests.limits.readers import slow_readers
from tests.support.person import Person
from tests.support.shelf import Shelf
from tests.support.stacks import RunningStack

OF_AN_ADDRESS = 16  # uploads under way, as the gateway allows
OF_A_USER = 16  # downloads under way, a quarter of download's threads
HEADS = 5000
HELD = 15  # seconds, longer than the gateway waits for a head
READERS, MP3_BYTES = 90, 64 * 1024**2

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


@pytest.mark.timeout(120)
def test_half_open_heads_of_an_address_delay_no_other_user(stack: RunningStack) -> None:
    """Beside 5,000 half-open heads every answer is right, and 99 of a hundred take less than half a second."""
    bystander = Bystander(Person(stack.url, stack.mail))
    with half_heads(stack.url, "127.0.1.3", HEADS), bystander.at_work():
        time.sleep(HELD)
    assert bystander.wrong == []
    assert bystander.milliseconds()[1] < 500


@pytest.mark.timeout(240)
def test_slow_readers_delay_no_other_user(stack: RunningStack) -> None:
    """Of 90 downloads of one user from nine addresses 16 begin, the others are 429; other users have their answers."""
    reader = Person(stack.url, stack.mail)
    shelf = Shelf(mongo.database(Secrets(stack.secrets).read("mongodb-admin", "url")))
    mp3 = shelf.done(reader.user, bytes(MP3_BYTES)).mp3
    assert mp3
    bystander = Bystander(Person(stack.url, stack.mail))
    addresses = [f"127.0.1.{number}" for number in range(40, 49)]
    with slow_readers(reader, f"/download/{mp3.id}", addresses, READERS) as statuses, bystander.at_work():
        time.sleep(HELD)
    assert bystander.wrong == []
    assert bystander.milliseconds()[1] < 500
    assert (statuses.count(200), statuses.count(429)) == (OF_A_USER, READERS - OF_A_USER)
