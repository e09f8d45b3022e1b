"""Real servers that require TLS and can change their certificate while they run."""

import ssl
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pymysql
from pymongo import MongoClient

from functions.shared.mysql import connect_arguments
from scripts.local import servers
from scripts.local.databases import prepare_mongodb, prepare_mysql
from scripts.local.secrets import Secrets
from scripts.local.supervision import Supervisor


@dataclass(frozen=True)
class TlsServer:
    """`mongodb` or `mysql`, with its users; the URLs in `secrets` do not enable TLS."""

    name: str
    certificate: Path
    secrets: Secrets

    def url(self, user: str, options: str) -> str:
        """Return the URL of this user with the options `name=value&…` appended."""
        return f"{self.secrets.read(f'{self.name}-{user}', 'url')}?{options}"

    def password(self, user: str) -> str:
        return self.secrets.password(f"{self.name}-{user}")

    def present(self, certificate: bytes) -> None:
        """Present this certificate, a PEM with its key, to every new connection."""
        self.certificate.write_bytes(certificate)
        admin = self.secrets.read(f"{self.name}-admin", "url")
        if self.name == "mongodb":
            with MongoClient[dict[str, Any]](admin, tls=True, tlsAllowInvalidCertificates=True) as client:
                client.admin.command("rotateCertificates")
        else:
            with closing(_unverified(admin)) as connection, connection.cursor() as cursor:
                cursor.execute("FLUSH SSL")


def start_mongodb(supervisor: Supervisor, secrets: Secrets, certificate: Path, ca: Path) -> TlsServer:
    program = servers.mongodb(supervisor.state / "mongodb", secrets)
    # The set-up of the laptop creates the first user over a connection without TLS.
    options = ["--tlsMode", "preferTLS", "--tlsCertificateKeyFile", str(certificate)]
    options += ["--tlsCAFile", str(ca), "--tlsAllowConnectionsWithoutCertificates"]
    supervisor.start(replace(program, command=[*program.command, *options]))
    prepare_mongodb(program.address, secrets)
    with MongoClient[dict[str, Any]](secrets.read("mongodb-admin", "url")) as client:
        client.admin.command("setParameter", 1, tlsMode="requireTLS")
    return TlsServer("mongodb", certificate, secrets)


def start_mysql(supervisor: Supervisor, secrets: Secrets, certificate: Path, _ca: Path) -> TlsServer:
    program = servers.mysql(supervisor.state / "mysql", secrets)
    options = [f"--ssl-cert={certificate}", f"--ssl-key={certificate}"]
    supervisor.start(replace(program, command=[*program.command, *options]))
    prepare_mysql(secrets)
    admin = secrets.read("mysql-admin", "url")
    with closing(_unverified(admin)) as connection, connection.cursor() as cursor:
        cursor.execute("SET GLOBAL require_secure_transport = ON")
    return TlsServer("mysql", certificate, secrets)


def _unverified(url: str) -> "pymysql.Connection[Any]":
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return pymysql.connect(**(connect_arguments(url) | {"ssl_disabled": False, "ssl": context}))
