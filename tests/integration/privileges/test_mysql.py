"""The privileges of the MySQL users, on a real server; the functions' own tests show that they suffice."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import unquote, urlsplit

import pymysql
import pytest
from pymysql.cursors import Cursor
from pymysql.err import MySQLError

from infra.mysql.setup import PRIVILEGES
from scripts.local.supervision import REPOSITORY
from tests.support.stacks import Server

# Access to a database, login, access to a table, and a missing server privilege.
REFUSED = {1044, 1045, 1142, 1227}

FORBIDDEN = [
    "CREATE TABLE mine (id INT)",
    "ALTER TABLE users ADD COLUMN more INT",
    "CREATE INDEX more ON users (created)",
    "DROP TABLE sessions",
    "TRUNCATE TABLE sessions",
    "CREATE VIEW mine AS SELECT * FROM users",
    "CREATE TRIGGER mine BEFORE INSERT ON users FOR EACH ROW SET NEW.email = 'x'",
    "CREATE DATABASE mine",
    "DROP DATABASE auth",
    "CREATE USER mine@'%' IDENTIFIED BY 'x'",
    "GRANT SELECT ON auth.* TO 'auth'@'%' WITH GRANT OPTION",
    "GRANT ALL ON *.* TO 'auth'@'%'",
    "SELECT * FROM mysql.user",
    "SELECT * FROM users INTO OUTFILE '/tmp/users'",
    "SET GLOBAL max_connections = 1",
]


NEW_USER = "INSERT INTO users (id, email, password_hash, created) VALUES"


def login(url: str, user: str | None = None, password: str | None = None) -> "pymysql.Connection[Cursor]":
    """Connect to the server of the URL, with its user and password unless others are given."""
    parts = urlsplit(url)
    return pymysql.connect(
        host=parts.hostname,
        port=parts.port or 3306,
        user=parts.username if user is None else user,
        password=unquote(parts.password or "") if password is None else password,
        database=parts.path[1:],
        autocommit=True,
    )


@pytest.fixture(scope="session")
def auth(mysql: Server) -> Iterator[Cursor]:
    """A cursor with the login of auth's user."""
    with closing(login(mysql.url_of("auth"))) as connection, connection.cursor() as cursor:
        yield cursor


def test_auth_fills_its_tables(auth: Cursor) -> None:
    """auth inserts, reads, updates and deletes rows."""
    auth.execute(f"{NEW_USER} ('privileges', 'rights@people.example', 'x', NOW())")
    auth.execute("UPDATE users SET password_hash = 'y' WHERE id = 'privileges'")
    assert auth.execute("SELECT * FROM users WHERE id = 'privileges' AND password_hash = 'y'") == 1
    assert auth.execute("DELETE FROM users WHERE id = 'privileges'") == 1


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_auth_has_no_other_privileges(auth: Cursor, statement: str) -> None:
    """auth alters and creates no table, grants no privileges, and reads neither other databases nor files."""
    with pytest.raises(MySQLError) as refused:
        auth.execute(statement)
    assert refused.value.args[0] in REFUSED


def test_auth_sees_one_database(auth: Cursor) -> None:
    """auth sees its own database and MySQL's two information schemas only."""
    auth.execute("SHOW DATABASES")
    seen = {name for (name,) in auth.fetchall()}
    assert seen - {"information_schema", "performance_schema"} == {"auth"}


def test_auth_reads_no_file(auth: Cursor) -> None:
    """auth cannot read a file, not even a world-readable one."""
    auth.execute("SELECT LOAD_FILE('/etc/passwd')")
    assert auth.fetchone() == (None,)


@pytest.mark.parametrize(
    "user", [{"password": "wrong"}, {"password": ""}, {"user": "root", "password": ""}, {"user": "", "password": ""}]
)
def test_wrong_password_is_rejected(mysql: Server, user: dict[str, str]) -> None:
    """A missing password is rejected too, also for root and for the anonymous user."""
    with pytest.raises(pymysql.OperationalError) as refused:
        login(mysql.url_of("auth"), **user)
    assert refused.value.args[0] in {1045, 1698}


@pytest.mark.parametrize("function", ["upload", "convert", "notify", "download", "sweep", "webhook", "deadletter"])
def test_mongodb_login_is_none_of_mysql(mysql: Server, mongodb: Server, function: str) -> None:
    """The MongoDB login of another function is rejected by MySQL."""
    theirs = urlsplit(mongodb.url_of(function))
    with pytest.raises(pymysql.OperationalError) as refused:
        login(mysql.url_of("auth"), user=theirs.username, password=theirs.password)
    assert refused.value.args[0] in {1045, 1698}


READERS = ["upload", "download"]


@pytest.mark.parametrize("function", READERS)
def test_reader_looks_up_sessions(mysql: Server, auth: Cursor, function: str) -> None:
    """Those who verify tokens see whether a session has ended."""
    with closing(login(mysql.url_of(function))) as connection, connection.cursor() as cursor:
        assert cursor.execute("SELECT id FROM sessions WHERE id = 'none'") == 0


@pytest.mark.parametrize("function", READERS)
@pytest.mark.parametrize(
    "statement",
    [
        *FORBIDDEN,
        "SELECT * FROM sessions",
        "SELECT expires FROM sessions",
        "SELECT user_id FROM sessions",
        "SELECT id FROM users",
        "SELECT id FROM attempts",
        "SELECT secret_hash FROM sessions",
        "SELECT id FROM sessions WHERE secret_hash LIKE 'a%'",
        "SELECT id FROM sessions WHERE kind = 'token'",
        "SELECT id FROM sessions ORDER BY address",
        "SELECT name, scope, device, address, created, last_seen FROM sessions",
        "INSERT INTO sessions (id, user_id, expires) VALUES ('mine', 'me', NOW())",
        "UPDATE sessions SET user_id = 'me'",
        "DELETE FROM sessions",
    ],
)
def test_reader_has_no_other_privileges(mysql: Server, function: str, statement: str) -> None:
    """They read neither users nor limits, and write nothing."""
    with closing(login(mysql.url_of(function))) as connection, connection.cursor() as cursor:
        with pytest.raises(MySQLError) as refused:
            cursor.execute(statement)
        assert refused.value.args[0] in REFUSED | {1143}


OF_OTHERS = [
    "SELECT id FROM users",
    "SELECT id FROM sessions",
    "SELECT secret_hash FROM sessions",
    "SELECT id FROM proofs",
    "SELECT code_hash FROM proofs",
    "SELECT id FROM attempts",
    "DELETE FROM letters",
    "DELETE FROM proofs",
    "UPDATE letters SET email = 'me@people.example'",
    "UPDATE letters SET kind = 'reset'",
    "UPDATE letters SET expires = NOW()",
    "UPDATE letters SET id = 'mine'",
    "UPDATE proofs SET tries = 0",
    "UPDATE users SET password_hash = 'mine'",
    "UPDATE users SET verified = TRUE",
    "INSERT INTO letters SELECT * FROM letters",
    "INSERT INTO letters (id, kind, email) VALUES ('mine', 'reset', 'me@people.example')",
    "INSERT INTO proofs (id, kind, email) VALUES ('mine', 'reset', 'me@people.example')",
]


def test_notify_reads_and_settles_the_outbox(mysql: Server) -> None:
    with closing(login(mysql.url_of("notify"))) as connection, connection.cursor() as cursor:
        assert cursor.execute("SELECT * FROM letters WHERE id = 'none'") == 0
        settled = "UPDATE letters SET link = '', code = '', due = NOW(), tries = 1, outcome = 'sent' WHERE id = 'none'"
        assert cursor.execute(settled) == 0


def test_sweep_sees_which_letters_are_overdue(mysql: Server) -> None:
    with closing(login(mysql.url_of("sweep"))) as connection, connection.cursor() as cursor:
        overdue = "SELECT id FROM letters WHERE outcome IS NULL AND due < NOW() AND expires > NOW() AND id = 'none'"
        assert cursor.execute(overdue) == 0


@pytest.mark.parametrize(
    ("function", "statement"),
    [
        *(("notify", statement) for statement in [*FORBIDDEN, *OF_OTHERS]),
        *(("sweep", statement) for statement in [*FORBIDDEN, *OF_OTHERS]),
        *(("sweep", f"SELECT {column} FROM letters") for column in ("*", "email", "link", "code", "kind")),
        *(("sweep", f"UPDATE letters SET {column} = NULL") for column in ("link", "code", "due", "tries", "outcome")),
    ],
)
def test_notify_and_sweep_have_no_other_privileges(mysql: Server, function: str, statement: str) -> None:
    """notify cannot write letters or address them anew, and sees neither users nor proofs; sweep sees no text."""
    with closing(login(mysql.url_of(function))) as connection, connection.cursor() as cursor:
        with pytest.raises(MySQLError) as refused:
            cursor.execute(statement)
        assert refused.value.args[0] in REFUSED | {1143}


def set_up(mysql: Server, auth: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(REPOSITORY / "infra/mysql/setup.py")]
    users = {f"MYSQL_{user.upper()}_URL": mysql.url_of(user) for user in PRIVILEGES}
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY), "MYSQL_ADMIN_URL": mysql.url, **users, "MYSQL_AUTH_URL": auth}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def test_second_setup_changes_the_password_and_keeps_the_rows(mysql: Server, auth: Cursor) -> None:
    """The password of auth's URL is set, also with characters that a URL has to escape."""
    auth.execute(f"{NEW_USER} ('kept', 'kept@people.example', 'x', NOW())")
    url, parts = mysql.url_of("auth"), urlsplit(mysql.url_of("auth"))
    changed = url.replace(parts.password or "", "%27%40%2F%25s")
    try:
        assert set_up(mysql, changed).returncode == 0
        with closing(login(changed)) as connection, connection.cursor() as cursor:
            assert cursor.execute("DELETE FROM users WHERE id = 'kept'") == 1
        with pytest.raises(pymysql.OperationalError):
            login(url)
    finally:
        assert set_up(mysql, url).returncode == 0
    login(url).close()


@pytest.mark.parametrize(
    "wrong", ["", "mysql://auth@localhost/auth", "mysql://auth:secret@localhost/", "mysql://auth:secret@localhost/%"]
)
def test_incomplete_url_is_named_and_not_printed(mysql: Server, wrong: str) -> None:
    """The set-up makes nothing, and prints no password."""
    ended = set_up(mysql, wrong)
    assert ended.returncode == 1
    assert ended.stderr.startswith("MYSQL_AUTH_URL must be mysql://USER:PASSWORD@HOST/DATABASE")
    assert "secret" not in ended.stderr
