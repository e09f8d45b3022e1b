"""Sets up MySQL: auth's database, its tables (schema.sql) and one user per function of PRIVILEGES. Safe to repeat.

`MYSQL_ADMIN_URL` is an administrator's. `MYSQL_AUTH_URL` and so on are the URLs that the functions get, which define
what to create: `mysql://USER:PASSWORD@HOST/DATABASE`. Change a password there and run this again. They may ask for TLS
as the functions' own code reads them, which has to be on the path: `functions.shared.mysql`.
"""

import os
import re
import socket
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pymysql
from pymysql.constants import CLIENT

from functions.shared.mysql import connect_arguments

# auth fills its tables. notify reads and settles the outbox, sweep sees which letters are overdue. The others look up
# whether the session of a token is still open.
PRIVILEGES = {
    "auth": ("SELECT, INSERT, UPDATE, DELETE", "*"),
    "upload": ("SELECT (id)", "sessions"),
    "download": ("SELECT (id)", "sessions"),
    "webhook": ("SELECT (id)", "sessions"),
    "notify": ("SELECT, UPDATE (link, code, due, tries, outcome)", "letters"),
    "sweep": ("SELECT (id, due, expires, outcome)", "letters"),
}
START = timedelta(minutes=5)  # the longest that MySQL may take to start
PAUSE = timedelta(seconds=1)
URL = "mysql://USER:PASSWORD@HOST"
TLS = "for TLS with ?ssl-mode=VERIFY_IDENTITY[&ssl-ca=FILE], a file that exists"


def read(variable: str, form: str) -> dict[str, Any]:
    """Return the arguments of `pymysql.connect` for the variable's URL; exit with the `form` it must have otherwise."""
    try:
        arguments = connect_arguments(os.environ.get(variable, ""))
    except ValueError:
        arguments = {}
    if not all(arguments.get(part) for part in ("host", "user", "password")):
        raise SystemExit(f"{variable} must be {form}, {TLS}")
    return arguments


def connect(arguments: dict[str, Any]) -> "pymysql.Connection[Any]":
    """Return a connection, as soon as the server accepts one; raise `OperationalError` after `START`."""
    deadline = time.monotonic() + START.total_seconds()
    while True:
        try:
            return pymysql.connect(**arguments, client_flag=CLIENT.MULTI_STATEMENTS)
        except pymysql.OperationalError as error:
            cause = getattr(error, "original_exception", None)
            if not isinstance(cause, ConnectionError | socket.gaierror | TimeoutError) or time.monotonic() > deadline:
                raise
        time.sleep(PAUSE.total_seconds())


def database_of(variable: str) -> str:
    """Return the database of the variable's URL; exit if there is none."""
    name = urlsplit(os.environ[variable]).path.lstrip("/")
    if not re.fullmatch("[a-z0-9]+", name):  # some other characters are wildcards in a GRANT
        raise SystemExit(f"{variable} must be {URL}/DATABASE, with a database of small letters and digits")
    return name


def main() -> None:
    admin = read("MYSQL_ADMIN_URL", URL)
    variables = {function: f"MYSQL_{function.upper()}_URL" for function in PRIVILEGES}
    users = {function: read(variable, f"{URL}/DATABASE") for function, variable in variables.items()}
    if len(databases := {database_of(variable) for variable in variables.values()}) > 1:
        raise SystemExit(f"{', '.join(variables.values())} must name the same database")
    (database,) = databases
    schema = Path(__file__).with_name("schema.sql").read_text()
    with closing(connect(admin)) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE IF NOT EXISTS {database}")
        connection.select_db(database)
        cursor.execute(schema)
        while cursor.nextset():
            pass
        for function, (privileges, tables) in PRIVILEGES.items():
            user = (users[function]["user"], users[function]["password"])
            cursor.execute("CREATE USER IF NOT EXISTS %s@'%%' IDENTIFIED BY %s", user)
            cursor.execute("ALTER USER %s@'%%' IDENTIFIED BY %s", user)
            cursor.execute(f"GRANT {privileges} ON {database}.{tables} TO %s@'%%'", user[:1])


if __name__ == "__main__":
    main()
