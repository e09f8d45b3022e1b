"""The way to MySQL."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import unquote, urlsplit

import pymysql
from pymysql.cursors import Cursor

AWAY = (pymysql.OperationalError, pymysql.InterfaceError)


class Database:
    """Connects for each use: a handshake costs about a millisecond, and no connection is ever found dead."""

    def __init__(self, url: str) -> None:
        """Take `mysql://user:password@host:port/database`, user and password percent-encoded."""
        parts = urlsplit(url)
        self._host, self._port = parts.hostname, parts.port or 3306
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._name = parts.path.lstrip("/")

    @contextmanager
    def cursor(self) -> Iterator[Cursor]:
        """Yield a cursor that commits each statement; raise one of `AWAY`, within 8 s, if MySQL does not answer."""
        connection = pymysql.connect(
            host=self._host,
            port=self._port,
            user=self._user,
            password=self._password,
            database=self._name,
            charset="utf8mb4",
            autocommit=True,
            connect_timeout=3,
            read_timeout=5,
            write_timeout=5,
            # Else PyMySQL reads the system's CA certificates for every connection, 26 ms, only to verify none.
            ssl_disabled=True,
        )
        with closing(connection), connection.cursor() as cursor:
            yield cursor

    @contextmanager
    def transaction(self) -> Iterator[Cursor]:
        """Yield a cursor whose statements are committed together when the block ends without an error."""
        with self.cursor() as cursor:
            cursor.connection.begin()
            yield cursor
            cursor.connection.commit()
