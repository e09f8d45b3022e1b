"""An upgrade: schema.sql on top of what the version before has made."""

from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import pymysql
import pytest
from pymysql.constants import CLIENT
from pymysql.cursors import Cursor

from functions.auth.accounts import Account
from functions.auth.sessions import Kind, Scope, Sessions
from functions.shared.mysql import Database, connect_arguments
from scripts.local.supervision import REPOSITORY
from tests.support.stacks import Server

SCHEMA = (REPOSITORY / "infra/mysql/schema.sql").read_text()
VERSION_0_1 = """
CREATE TABLE users (
    id            CHAR(36)     NOT NULL PRIMARY KEY,
    email         VARCHAR(254) NOT NULL UNIQUE,
    password_hash VARCHAR(255) NOT NULL,
    created       DATETIME     NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE sessions (
    id      CHAR(36) NOT NULL PRIMARY KEY,
    user_id CHAR(36) NOT NULL,
    expires DATETIME NOT NULL,
    INDEX sessions_of_user (user_id, expires),
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
"""
OPEN_SESSION = "INSERT INTO sessions (id, user_id, expires) VALUES (%s, 'anna', UTC_TIMESTAMP() + INTERVAL 1 HOUR)"


@pytest.fixture
def database(mysql: Server) -> Iterator[str]:
    """The URL of a database with the tables of 0.1.0, an account and its session."""
    name = f"old{uuid4().hex[:8]}"
    with closing(pymysql.connect(**connect_arguments(mysql.url), autocommit=True)) as admin, admin.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        yield f"{mysql.url.rstrip('/')}/{name}"
        cursor.execute(f"DROP DATABASE {name}")


@pytest.fixture
def rows(database: str) -> Iterator[Cursor]:
    with Database(database).cursor() as cursor:
        yield cursor


def apply(database: str, statements: str) -> None:
    arguments = connect_arguments(database) | {"client_flag": CLIENT.MULTI_STATEMENTS, "autocommit": True}
    name = database.rpartition("/")[2]
    with closing(pymysql.connect(**arguments, database=name)) as connection, connection.cursor() as cursor:
        cursor.execute(statements)
        while cursor.nextset():
            pass


def columns(rows: Cursor) -> list[tuple[object, ...]]:
    """Return every column and key of the database."""
    found: list[tuple[object, ...]] = []
    for of in ("columns", "statistics"):
        order = "table_name, column_name" if of == "columns" else "table_name, index_name, column_name"
        what = "column_type, is_nullable, column_default" if of == "columns" else "non_unique, seq_in_index"
        rows.execute(
            f"SELECT {order}, {what} FROM information_schema.{of} WHERE table_schema = DATABASE() ORDER BY {order}"
        )
        found += rows.fetchall()
    return found


def test_session_of_the_version_before_stays_open(database: str, rows: Cursor) -> None:
    """As a login that may write, of a verified address; also one that a process of the old version opens afterwards."""
    apply(database, VERSION_0_1)
    rows.execute("INSERT INTO users VALUES ('anna', 'anna@people.example', 'hash', UTC_TIMESTAMP())")
    rows.execute(OPEN_SESSION, ("before",))
    apply(database, SCHEMA)
    rows.execute(OPEN_SESSION, ("after",))
    sessions = Sessions(Database(database))
    for session in ("before", "after"):
        found = sessions.find_login(session, "anna")
        assert found
        assert (found.kind, found.scope, found.seen) == (Kind.LOGIN, Scope.WRITE, False)
        assert found.account == Account("anna", "anna@people.example", "hash", verified=True)
    entries = sessions.of("anna", Kind.LOGIN)
    assert {entry.id for entry in entries} == {"before", "after"}
    assert all(entry.created < entry.expires for entry in entries)


def test_schema_is_the_same_whether_new_or_upgraded_or_applied_twice(database: str, rows: Cursor) -> None:
    apply(database, VERSION_0_1)
    apply(database, SCHEMA)
    upgraded = columns(rows)
    apply(database, SCHEMA)
    assert columns(rows) == upgraded
    for table in ("sessions", "users", "attempts", "proofs", "letters"):
        rows.execute(f"DROP TABLE {table}")
    apply(database, SCHEMA)
    assert columns(rows) == upgraded
