"""The connection to MySQL, where auth keeps accounts and sessions."""

import ssl
import time
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

import pymysql
from pymysql.constants import CR
from pymysql.cursors import Cursor

from functions.shared.errors import describe
from functions.shared.settings import Url

AWAY = (pymysql.OperationalError, pymysql.InterfaceError)
MAX_IDLE = 2  # connections of a process
CLOSED_SECONDS = 1  # a closed connection fails at once, a server that does not answer after 5 s


class MysqlUrl(Url):
    """`mysql://user:password@host:port/database`, user and password percent-encoded.

    With `?ssl-mode=VERIFY_IDENTITY` connections use TLS: the server's certificate has to be valid for the URL's host,
    and issued by a CA of the file `ssl-ca`, or one of the system's without it. Both options are named as in MySQL's
    own clients; their other modes encrypt without knowing for whom, so there is no other.
    """

    __slots__ = ()
    kind = (
        "mysql://USER:PASSWORD@HOST[:PORT]/DATABASE, for TLS with ?ssl-mode=VERIFY_IDENTITY[&ssl-ca=FILE], "
        "a file that exists, and no default password"
    )

    def __new__(cls, text: str) -> Self:
        _tls_options(text)
        return super().__new__(cls, text)


@describe.register(pymysql.OperationalError)
def _describe(error: pymysql.OperationalError) -> str:
    """Add the code, and the text of an error of the client: it is about the connection, a server's may repeat a row."""
    match error.args:
        case [int(code), text] if CR.CR_ERROR_FIRST <= code <= CR.CR_ERROR_LAST:
            return f"{type(error).__name__} {code}: {text}"
        case [int(code), _text]:
            return f"{type(error).__name__} {code}"
    return type(error).__name__


def connect_arguments(url: str) -> dict[str, Any]:
    """Return the arguments of `pymysql.connect` that the URL stands for; raise ValueError if its options are wrong.

    They include an SSLContext, which takes 26 ms to make if it reads the system's CAs: call this once a process.
    """
    parts, options = urlsplit(url), _tls_options(url)
    # Without `ssl_disabled` PyMySQL would try TLS, and read the CAs for every connection without verifying anything.
    tls = {"ssl": ssl.create_default_context(cafile=options.get("ssl-ca"))} if options else {"ssl_disabled": True}
    return {
        "host": parts.hostname,
        "port": parts.port or 3306,
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        **tls,
    }


def _tls_options(url: str) -> dict[str, str]:
    """Return the URL's options, none for a connection without TLS; raise ValueError if one is not as in MysqlUrl."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    wrong = parts.scheme != "mysql" or options.keys() - {"ssl-mode", "ssl-ca"}
    if wrong or (options and options.get("ssl-mode") != "VERIFY_IDENTITY"):
        raise ValueError
    if "ssl-ca" in options and not Path(options["ssl-ca"]).is_file():
        raise ValueError
    return options


class Database:
    """Connects for each use, which takes 1 ms, 3 with TLS; only `finds` keeps connections."""

    def __init__(self, url: str) -> None:
        self._arguments = connect_arguments(url)
        self._name = urlsplit(url).path.lstrip("/")
        self._idle: deque[pymysql.Connection[Cursor]] = deque()

    def finds(self, query: str, arguments: tuple[object, ...]) -> bool:
        """Return whether a row is there; raise one of `AWAY`, within 10 s, if MySQL does not answer.

        The query may be repeated: a kept connection may have been closed meanwhile, as by a restart of MySQL.
        """
        began = time.monotonic()
        try:
            kept = self._idle.pop()
            return self._finds(kept, query, arguments)
        except IndexError:  # none is kept
            pass
        except AWAY:
            if time.monotonic() - began > CLOSED_SECONDS:
                raise
        return self._finds(self._connect(), query, arguments)

    def _finds(self, connection: "pymysql.Connection[Cursor]", query: str, arguments: tuple[object, ...]) -> bool:
        try:
            with connection.cursor() as cursor:
                found = cursor.execute(query, arguments) > 0
        except BaseException:
            connection.close()
            raise
        if len(self._idle) < MAX_IDLE:
            self._idle.append(connection)
        else:
            connection.close()
        return found

    @contextmanager
    def cursor(self) -> Iterator[Cursor]:
        """Yield a cursor that commits each statement; raise one of `AWAY`, within 10 s, if MySQL does not answer."""
        with closing(self._connect()) as connection, connection.cursor() as cursor:
            yield cursor

    @contextmanager
    def transaction(self) -> Iterator[Cursor]:
        """Yield a cursor whose statements are committed together when the block ends without an error."""
        with self.cursor() as cursor:
            cursor.connection.begin()
            yield cursor
            cursor.connection.commit()

    def _connect(self) -> "pymysql.Connection[Cursor]":
        return pymysql.connect(
            **self._arguments,
            database=self._name,
            charset="utf8mb4",
            autocommit=True,
            connect_timeout=5,  # a new pod may lose its first packets, which are sent again after 1 and 3 s
            read_timeout=5,
            write_timeout=5,
        )
