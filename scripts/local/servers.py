"""The laptop's servers as programs: real servers on loopback, each with its files in one folder."""

import json
import os
import resource
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from infra.gateway import render_page
from infra.mongodb.setup import RIGHTS
from infra.mysql.setup import PRIVILEGES
from scripts.local.ports import HOST, free_port
from scripts.local.program import Program
from scripts.local.secrets import Secrets
from scripts.local.supervision import PATH, REPOSITORY
from scripts.local.waiting import StackError

LOCAL = REPOSITORY / ".local"
GATEWAY_FILES = 17408  # worker_rlimit_nofile of the template
RABBITMQ = "/usr/lib/rabbitmq/bin/rabbitmq-server"  # Debian's own command requires root and changes the user


def find(name: str) -> str:
    """Return the program's path; raise `StackError` if it is not installed."""
    path = shutil.which(name, path=PATH)
    if path is None:
        raise StackError(f"{name} is not installed: `make setup` does it")
    return path


def mongodb(folder: Path, secrets: Secrets) -> Program:
    """Standalone with a journal; the URL of each user, `admin` or a function, is the secret `mongodb-USER/url`."""
    folder.mkdir(parents=True, exist_ok=True)
    address, env = f"{HOST}:{free_port()}", {}
    binary = shutil.which("mongod", path=PATH)
    if binary is None:
        binary, env = str(LOCAL / "mongodb/bin/mongod"), {"LD_LIBRARY_PATH": str(LOCAL / "mongodb/lib")}
    for user in ("admin", *RIGHTS):
        database = "" if user == "admin" else "video2mp3"
        login = f"{user}:{secrets.password(f'mongodb-{user}')}"
        secrets.write(f"mongodb-{user}", "url", f"mongodb://{login}@{address}/{database}")
    host, port = address.split(":")
    command = [binary, "--auth", "--dbpath", str(folder), "--bind_ip", host, "--port", port, "--nounixsocket"]
    # By default a change is written out once 5 % of the cache are changed. Most videos are deleted before that now.
    command += ["--wiredTigerEngineConfigString", "eviction_dirty_target=20,eviction_dirty_trigger=40"]
    return Program("mongodb", [*command, "--wiredTigerCacheSizeGB", "0.5", "--quiet"], env, address)


@dataclass(frozen=True)
class Mysqld:
    """MySQL's or MariaDB's mysqld: its command, and the command and SQL that make an empty data folder."""

    command: list[str]
    initialize: list[str]
    tables: str = ""

    @classmethod
    def of_the_path(cls) -> "Mysqld":
        mysqld = find("mysqld")
        version = subprocess.run([mysqld, "--version"], capture_output=True, text=True, check=True).stdout
        if "MariaDB" not in version:
            return cls.of_mysql([mysqld])
        # As mariadb-install-db does, which uses programs that Debian's mariadb-server-core does not depend on.
        share = Path(mysqld).resolve().parents[1] / "share/mysql"
        tables = (share / f"mysql_{part}.sql" for part in ("system_tables", "performance_tables", "system_tables_data"))
        sql = [
            "CREATE DATABASE mysql;",
            "USE mysql;",
            "SET @auth_root_socket = 'root';",
            *(file.read_text() for file in tables),
        ]
        return cls([mysqld], [mysqld, "--no-defaults", "--bootstrap", *_as_root()], "\n".join(sql))

    @classmethod
    def of_mysql(cls, command: list[str]) -> "Mysqld":
        return cls(command, [*command, "--no-defaults", "--initialize-insecure", *_as_root()])

    def make_data(self, folder: Path) -> None:
        """Make an empty database atomically."""
        half = folder.with_suffix(".half")
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir()
        # A starting server deletes temporary tables in its `tmpdir`, those of others in /tmp too.
        command = [*self.initialize, f"--datadir={half}", f"--tmpdir={half.parent}"]
        made = subprocess.run(
            command, input=self.tables, capture_output=True, text=True, check=False, env={"PATH": PATH}
        )
        if made.returncode:
            raise StackError(f"{shlex.join(command)} failed:\n{made.stdout}{made.stderr}")
        half.rename(folder)


def _as_root() -> list[str]:
    return ["--user=root"] if os.geteuid() == 0 else []


# Host names are addresses, as the server resolves none.
ADMIN = """\
CREATE USER IF NOT EXISTS 'admin'@'{host}';
ALTER USER 'admin'@'{host}' IDENTIFIED BY '{password}';
GRANT ALL ON *.* TO 'admin'@'{host}' WITH GRANT OPTION;
"""


def mysql(folder: Path, secrets: Secrets, mysqld: Mysqld | None = None) -> Program:
    """Make the data folder if there is none; each user's URL, `admin` or a function, is the secret `mysql-USER/url`."""
    mysqld = mysqld or Mysqld.of_the_path()
    data, admin, address = folder / "data", folder / "admin.sql", f"{HOST}:{free_port()}"
    folder.mkdir(parents=True, exist_ok=True)
    if not data.is_dir():
        mysqld.make_data(data)
    admin.touch(mode=0o600)
    admin.write_text(ADMIN.format(host=HOST, password=secrets.password("mysql-admin")))
    for user in ("admin", *PRIVILEGES):
        database = "" if user == "admin" else "auth"
        login = f"{user}:{secrets.password(f'mysql-{user}')}"
        secrets.write(f"mysql-{user}", "url", f"mysql://{login}@{address}/{database}")
    host, port = address.split(":")
    command = [*mysqld.command, "--no-defaults", *_as_root(), f"--datadir={data}", f"--init-file={admin}"]
    # The socket and the pid are relative to the data: a socket's path has a short limit.
    command += [f"--bind-address={host}", f"--port={port}", "--socket=mysql.sock", "--pid-file=mysql.pid"]
    command += ["--skip-name-resolve", "--skip-log-bin", "--innodb-buffer-pool-size=64M", "--max-connections=200"]
    # MySQL has a second port, and by default a folder for files that does not exist here.
    command += ["--loose-mysqlx=OFF", f"--secure-file-priv={folder}", f"--tmpdir={folder}"]
    return Program("mysql", [*command, "--performance-schema=OFF"], {}, address)


RABBITMQ_CONF = """\
listeners.tcp.local = {address}
# Loaded at every start. RabbitMQ creates its default user only at the first start, and never if that is interrupted.
load_definitions = {definitions}
# 30 days: the broker acknowledges a message only after the Trigger's last retry.
consumer_timeout = 2592000000
# 512 MB by default, for servers.
raft.wal_max_size_bytes = 67108864
log.console = true
log.console.level = warning
log.file = false
"""


def rabbitmq(folder: Path, secrets: Secrets) -> list[Program]:
    """RabbitMQ and the port mapper of its Erlang; the address is the secret `rabbitmq/url`."""
    folder.mkdir(parents=True, exist_ok=True)
    address, epmd, password = f"{HOST}:{free_port()}", str(free_port()), secrets.password("rabbitmq")
    secrets.write("rabbitmq", "url", f"amqp://video2mp3:{password}@{address}/")
    conf, definitions = folder / "rabbitmq.conf", folder / "definitions.json"
    conf.write_text(RABBITMQ_CONF.format(address=address, definitions=definitions))
    definitions.touch(mode=0o600)
    user = {"name": "video2mp3", "password": password, "tags": "administrator"}
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    permission = {"user": user["name"], "vhost": "/", **everything}
    definitions.write_text(json.dumps({"vhosts": [{"name": "/"}], "users": [user], "permissions": [permission]}))
    (folder / "enabled_plugins").write_text("[].\n")
    # Without /etc/hosts a machine does not resolve localhost.
    (folder / "inetrc").write_text('{host, {127,0,0,1}, ["localhost"]}.\n{lookup, [file, native]}.\n')
    erlang = {
        "ERL_EPMD_PORT": epmd,
        "ERL_EPMD_ADDRESS": HOST,
        "ERL_INETRC": str(folder / "inetrc"),
        "ERL_CRASH_DUMP_BYTES": "0",
        # Every Erlang VM listens on loopback only, starts no epmd of its own, and does not busy-wait.
        "ERL_FLAGS": "-kernel inet_dist_use_interface {127,0,0,1} -start_epmd false -noinput +sbwt none",
    }
    env = {
        "RABBITMQ_NODENAME": "video2mp3@localhost",
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_CONFIG_FILE": str(conf),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_PID_FILE": str(folder / "rabbitmq.pid"),
        "RABBITMQ_ALLOW_INPUT": "1",  # the script then replaces itself by the server instead of waiting for it
        **erlang,
    }
    return [
        Program("epmd", [find("epmd"), "-port", epmd, "-address", HOST], erlang, f"{HOST}:{epmd}"),
        Program("rabbitmq", [RABBITMQ], env, address),
    ]


def mail(folder: Path, secrets: Secrets) -> Program:
    """Catch each mail as a file in the folder; the address is the secret `smtp/url`."""
    smtp, page = free_port(), free_port()
    secrets.write("smtp", "url", f"smtp://{HOST}:{smtp}")
    command = [sys.executable, "-m", "scripts.local.mail", str(folder), str(smtp), str(page)]
    return Program("mail", command, {"PYTHONPATH": str(REPOSITORY)}, f"http://{HOST}:{page}")


def gateway(
    folder: Path,
    listen: str,
    functions: Mapping[str, str],
    password: str,
    *,
    tls: Path | None = None,
    trusted_proxies: Sequence[str] = (),
) -> Program:
    """NGINX with the templates that the cluster uses; `functions` are the functions' URLs by name.

    By its `password` the functions know that the gateway states the address of its client. `tls` is a folder with
    tls.crt and tls.key, `trusted_proxies` are address ranges.
    """
    folder.mkdir(parents=True, exist_ok=True)
    source, scheme = REPOSITORY / "infra/gateway", "https" if tls else "http"
    url = f"{scheme}://{listen}"
    shutil.copy(source / "openapi.json", folder)
    render_page.render(LOCAL / "page/node_modules", folder / "page")
    (folder / "trusted-proxies.conf").write_text("".join(f"set_real_ip_from {range_};\n" for range_ in trusted_proxies))
    values = {f"{name.upper()}_URL": url for name, url in functions.items()}
    values |= {"SCHEME": scheme, "LISTEN": listen, "TLS": str(tls), "PUBLIC_URL": url}
    values |= {"RESOLVER": HOST, "GATEWAY_PASSWORD": password, "STATE": str(folder)}
    conf = folder / "nginx.conf"
    conf.touch(mode=0o600)
    for template in source.glob("*.template"):
        (folder / template.stem).write_text(Template(template.read_text()).safe_substitute(values))
    # One process: workers would outlive a killed master and keep its port. NGINX does not raise its own limit of files.
    files = min(GATEWAY_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    command = ["prlimit", f"--nofile={files}:", find("nginx"), "-e", "stderr", "-p", str(folder), "-c", str(conf)]
    command += ["-g", "master_process off;"]
    return Program("gateway", command, {}, url)
