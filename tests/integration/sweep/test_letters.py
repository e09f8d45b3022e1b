"""Letters about accounts whose events were lost."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from functions.shared import letters
from functions.shared.events import account_mail_requested
from functions.shared.letters import Kind, Letter, Letters
from functions.shared.mysql import Database
from tests.integration.sweep.conftest import Sweep
from tests.support.ingress import Ingress, same
from tests.support.stacks import Server


@pytest.fixture
def database(mysql: Server) -> Iterator[Database]:
    """As auth sees it, without letters of other tests, and for other tests without these."""
    database = Database(mysql.url_of("auth"))
    _empty(database)
    yield database
    _empty(database)


def _empty(database: Database) -> None:
    with database.cursor() as cursor:
        cursor.execute("DELETE FROM letters")


def write(database: Database, seconds_ago: int, lifetime: int = 900, *, due: bool = True) -> str:
    letter = Letter(str(uuid4()), Kind.VERIFY, "somebody@people.example", "link", "code")
    with database.cursor() as cursor:
        letters.insert(cursor, letter, lifetime, due=due)
        cursor.execute("UPDATE letters SET due = due - INTERVAL %s SECOND WHERE id = %s", (seconds_ago, letter.id))
    return letter.id


def republished(ingress: Ingress) -> list[str]:
    return [event["subject"] for event in ingress.heard if "mail-requested" in event["type"]]


def test_letter_that_nobody_has_acquired_is_republished(sweep: Sweep, ingress: Ingress, database: Database) -> None:
    """At each tick, as the same event; not while its own event may still be on its way."""
    old, _young = write(database, 31), write(database, 5)
    assert [sweep().status_code for _ in range(2)] == [200, 200]
    assert republished(ingress) == [old, old]
    assert all(same(event, account_mail_requested(old)) for event in ingress.heard if event["subject"] == old)


def test_letter_is_republished_after_its_backoff(
    sweep: Sweep, ingress: Ingress, database: Database, mysql: Server
) -> None:
    """Not during the lease of an attempt."""
    letter = write(database, 31)
    assert Letters(Database(mysql.url_of("notify"))).claim(letter)
    sweep()
    assert republished(ingress) == []
    with database.cursor() as cursor:
        cursor.execute("UPDATE letters SET due = due - INTERVAL 91 SECOND")
    sweep()
    assert republished(ingress) == [letter]


def test_settled_or_expired_letter_is_not_republished(sweep: Sweep, ingress: Ingress, database: Database) -> None:
    write(database, 31, due=False)
    write(database, 31, lifetime=-1)
    sweep()
    assert republished(ingress) == []


def test_broker_away_loses_no_letter(sweep: Sweep, ingress: Ingress, database: Database) -> None:
    letter = write(database, 31)
    with ingress.refusing():
        assert sweep().status_code == 200
    sweep()
    assert republished(ingress)[-1] == letter


def test_jobs_are_swept_while_mysql_is_away(sweep: Sweep, mysql: Server) -> None:
    mysql.stop()
    try:
        assert sweep().status_code == 200
    finally:
        mysql.start()
