"""notify with the mail catcher, and with a mail server that rejects some recipients."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from pymongo.database import Database

from functions.shared import mongo
from functions.shared.mongo import Document
from scripts.local.ports import HOST, free_port
from tests.support.stacks import NO_MYSQL, Mailbox, Server, StartFunction

SETTINGS = {
    "MAIL_FROM": "video2mp3 <no-reply@video2mp3.example>",
    "PUBLIC_URL": "http://gateway.example:8080/",
    "MYSQL_URL": NO_MYSQL,
}


@pytest.fixture(scope="session")
def database(mongodb: Server) -> Database[Document]:
    return mongo.database(mongodb.url)


@pytest.fixture(scope="session")
def notify(mongodb: Server, mailbox: Mailbox, start_function: StartFunction) -> str:
    return start_function(
        "notify", {"MONGODB_URL": mongodb.url_of("notify"), "SMTP_URL": mailbox.url, "THREADS": "8", **SETTINGS}
    )


@dataclass
class SelectiveServer:
    """A mail server whose behaviour depends on the recipient's name; `rcpt` and `taken` list requested and accepted."""

    rcpt: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    url: str = ""

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        self.rcpt.append(address)
        refusals = {"grey": "451 4.7.1 Greylisted", "unknown": "550 5.1.1 No such user", "login": "530 5.7.0 Log in"}
        refusal = refusals.get(address.partition("@")[0])
        if refusal and not (address.startswith("grey") and self.rcpt.count(address) > 1):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's
        kind = envelope.rcpt_tos[0].partition("@")[0]
        if kind == "drop" and server.transport is not None:
            server.transport.close()
        if kind == "spam":
            return "554 5.7.1 Looks like spam"
        if kind == "slow":
            await asyncio.sleep(0.5)
        self.taken.extend(envelope.rcpt_tos)
        return "250 OK"


@pytest.fixture(scope="session")
def selective() -> Iterator[SelectiveServer]:
    handler = SelectiveServer()
    controller = Controller(handler, hostname=HOST, port=free_port())
    controller.start()
    handler.url = f"smtp://{HOST}:{controller.port}"
    yield handler
    controller.stop()


@pytest.fixture(scope="session")
def selective_notify(mongodb: Server, selective: SelectiveServer, start_function: StartFunction) -> str:
    return start_function(
        "notify", {"MONGODB_URL": mongodb.url_of("notify"), "SMTP_URL": selective.url, "THREADS": "8", **SETTINGS}
    )
