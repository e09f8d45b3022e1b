"""A MySQL of the tests' own, which they may stop."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymysql
from pymysql.constants import CLIENT

from tests.integration.auth.ports import free_port, wait_for

SCHEMA = Path(__file__).parents[3] / "infra" / "mysql" / "schema.sql"
# What Debian's mariadb-install-db feeds to the server; it needs programs that mariadb-server-core lacks.
TABLES = [
    f"/usr/share/mysql/mysql_{name}.sql" for name in ("system_tables", "performance_tables", "system_tables_data")
]
USER = """
CREATE DATABASE auth;
CREATE USER auth@'127.0.0.1' IDENTIFIED BY 'p%ss:w@rd/';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, REFERENCES, INDEX ON auth.* TO auth@'127.0.0.1';
"""


class Mysql:
    """A server with auth's tables, its data in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._port = free_port()
        self._command = ["/usr/sbin/mariadbd", "--no-defaults", "--user=root", f"--datadir={folder}"]
        (folder / "mysql").mkdir()
        tables = "USE mysql;\n" + "\n".join(Path(name).read_text() for name in TABLES)
        subprocess.run([*self._command, "--bootstrap"], input=tables.encode(), check=True, capture_output=True)
        (folder / "user.sql").write_text(USER)
        self.start(f"--init-file={folder}/user.sql")
        with pymysql.connect(
            host="127.0.0.1",
            port=self._port,
            user="auth",
            password="p%ss:w@rd/",
            database="auth",
            client_flag=CLIENT.MULTI_STATEMENTS,
        ) as connection:
            for _ in range(2):  # it can be applied again
                with connection.cursor() as cursor:
                    cursor.execute(SCHEMA.read_text())
        self.url = f"mysql://auth:p%25ss%3Aw%40rd%2F@127.0.0.1:{self._port}/auth"

    def start(self, *options: str) -> None:
        address = ["--bind-address=127.0.0.1", f"--port={self._port}", "--socket=mysql.sock", "--skip-name-resolve"]
        self._process = subprocess.Popen([*self._command, *address, *options], stderr=subprocess.DEVNULL)
        wait_for(self._port)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Take connections and say nothing until the block ends."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)
