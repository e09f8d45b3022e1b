"""Sets up MySQL: auth's database, its tables (schema.sql) and its user, who may only fill them. Safe to repeat.

`MYSQL_ADMIN_URL` is an administrator's. `MYSQL_AUTH_URL` is the URL that auth gets, which defines what to create:
`mysql://USER:PASSWORD@HOST/DATABASE`. Change the password there and run this again. Both may ask for TLS as auth's own
code reads them, which has to be on the path: `functions.auth.database`.
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

from functions.auth.database import connect_arguments

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


def main() -> None:
    admin, auth = read("MYSQL_ADMIN_URL", URL), read("MYSQL_AUTH_URL", f"{URL}/DATABASE")
    database = urlsplit(os.environ["MYSQL_AUTH_URL"]).path.lstrip("/")
    if not re.fullmatch("[a-z0-9]+", database):  # some other characters are wildcards in a GRANT
        raise SystemExit(f"MYSQL_AUTH_URL must be {URL}/DATABASE, with a database of small letters and digits")
    schema = Path(__file__).with_name("schema.sql").read_text()
    user = (auth["user"], auth["password"])
    with closing(connect(admin)) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE IF NOT EXISTS {database}")
        connection.select_db(database)
        cursor.execute(schema)
        while cursor.nextset():
            pass
        cursor.execute("CREATE USER IF NOT EXISTS %s@'%%' IDENTIFIED BY %s", user)
        cursor.execute("ALTER USER %s@'%%' IDENTIFIED BY %s", user)
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {database}.* TO %s@'%%'", user[:1])


if __name__ == "__main__":
    main()
