"""The connections that are kept between two queries of sessions, and between two events."""

import time

import pymysql
import pytest

from functions.shared.mysql import Database
from tests.support.stacks import Server

QUERY = "SELECT %s"


def connections(mysql: Server) -> int:
    """Return how many connections MySQL has accepted so far."""
    with Database(mysql.url).cursor() as cursor:
        cursor.execute("SHOW GLOBAL STATUS LIKE 'Connections'")
        found = cursor.fetchone()
    assert found
    return int(found[1])


def test_queries_share_a_connection(mysql: Server) -> None:
    """One query after the other connects once."""
    database = Database(mysql.url_of("upload"))
    before = connections(mysql)
    assert all(database.finds(QUERY, (number,)) for number in range(10))
    assert connections(mysql) - before == 2  # with that of `connections`


def test_query_after_a_restart_connects_again(mysql: Server) -> None:
    """The connection that the restart has closed is no error."""
    database = Database(mysql.url_of("upload"))
    assert database.finds(QUERY, (1,))
    mysql.restart()
    assert database.finds(QUERY, (1,))


def test_query_does_not_wait_twice_for_a_silent_server(mysql: Server) -> None:
    """A kept connection on which no answer comes is not replaced: the caller's 10 s would be over."""
    database = Database(mysql.url_of("upload"))
    assert database.finds(QUERY, (1,))
    with mysql.paused():
        began = time.monotonic()
        with pytest.raises(pymysql.OperationalError):
            database.finds(QUERY, (1,))
        assert time.monotonic() - began < 8
    assert database.finds(QUERY, (1,))
