"""The whole system on this machine, started in the order of its dependencies."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from scripts.local import certificates, servers
from scripts.local.broker import program as broker
from scripts.local.databases import prepare_mongodb, prepare_mysql
from scripts.local.functions import Functions, sinks
from scripts.local.ports import HOST, free_port, is_free
from scripts.local.secrets import Secrets
from scripts.local.supervision import REPOSITORY, Supervisor
from scripts.local.waiting import StackError

EVENTING = REPOSITORY / "eventing"
RECEIVER = "127.0.0.9"  # the only address of this machine that webhooks reach, also by plain HTTP
SERVERS = ("mongodb", "mysql", "epmd", "rabbitmq")


class Stack:
    """A system with its data in the folder `state`; the gateway listens on `port`.

    Each mail becomes a file in the folder `mail`, unless `smtp_url` names a real mail server. With `ca`, a folder for
    the certificate authority, the gateway serves HTTPS. `settings` replace those of the functions.
    """

    def __init__(
        self,
        state: Path,
        mail: Path,
        port: int,
        smtp_url: str = "",
        ca: Path | None = None,
        *,
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.supervisor = Supervisor(state)
        self.secrets = Secrets(state / "secrets")
        self.state = state
        self.mail = mail
        self.listen = f"{HOST}:{port}"
        self.url = f"{'https' if ca else 'http'}://{self.listen}"
        self.functions: dict[str, str] = {}
        self._port = port
        self._smtp_url = smtp_url
        self._ca = ca
        self._settings = settings

    def start(self, say: Callable[[str], None]) -> None:
        """Start the system and return when every process answers; raise `StackError` with no process left running."""
        self.supervisor.open()
        try:
            self._check_port()
            self._start_servers(say)
            self._start_functions(say)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the system: first the clients, then the servers."""
        self.supervisor.close(last=SERVERS)

    def _check_port(self) -> None:
        if not is_free(self._port):
            raise StackError(f"Port {self._port} is in use by another program. Choose another port with PORT=.")

    def _start_servers(self, say: Callable[[str], None]) -> None:
        data = self.state / "data"
        self.secrets.make_signing_keys()
        self.secrets.password("gateway")
        self.secrets.password("link-keys", "keys")
        mongodb = servers.mongodb(data / "mongodb", self.secrets)
        mysql = servers.mysql(data / "mysql", self.secrets)
        rabbitmq = servers.rabbitmq(data / "rabbitmq", self.secrets)
        say("MongoDB, MySQL, RabbitMQ")
        self.supervisor.start(mongodb, mysql, *rabbitmq)
        say("indexes, tables")
        prepare_mongodb(mongodb.address, self.secrets)
        prepare_mysql(self.secrets)
        if self._smtp_url:
            self.secrets.write("smtp", "url", self._smtp_url)
        else:
            self.supervisor.start(servers.mail(self.mail, self.secrets))

    def _start_functions(self, say: Callable[[str], None]) -> None:
        ingress, scratch = free_port(), self.state / "scratch"
        scratch.mkdir(exist_ok=True)
        # A caught mail proves nothing; a real one is sent to whatever address somebody has typed.
        registration = "verified" if self._smtp_url else "open"
        settings = {"PUBLIC_URL": self.url, "REGISTRATION": registration, "SCRATCH": str(scratch)}
        settings |= {"WEBHOOK_ALLOW": f"{RECEIVER}/32", **self._settings}
        functions = Functions(self.secrets, sinks(EVENTING, broker.ingress_url(ingress)), settings, self.functions)
        programs = functions.programs()
        say(f"functions: {', '.join(self.functions)}")
        self.supervisor.start(*programs)
        say("broker, gateway")
        url, gateway = self.secrets.read("rabbitmq", "url"), self.state / "gateway"
        tls = certificates.issue(certificates.authority(self._ca), gateway / "tls") if self._ca else None
        self.supervisor.start(
            broker.program(EVENTING, self.functions, url, ingress),
            servers.gateway(gateway, self.listen, self.functions, self.secrets.password("gateway"), tls=tls),
        )
