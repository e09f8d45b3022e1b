"""Users of a cluster: their mails are in Mailpit, and they call the gateway or the Knative routes."""

from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

import requests

from tests.support.kubectl import service
from tests.support.person import User, parsed

FUNCTION = {"auth": "auth", "upload": "upload", "jobs": "download", "download": "download"}


@dataclass
class Visitor(User):
    """A user who calls the gateway; `mailpit` is the URL of the mail server's page."""

    mailpit: str

    def mails(self) -> list[EmailMessage]:
        return mails_to(self.address, self.mailpit)


@dataclass
class Direct(Visitor):
    """A user who calls the Knative routes, at the ingress `gateway`, with the host of each function's URL."""

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        function = FUNCTION[path.split("?", maxsplit=1)[0].split("/")[1]]
        host = urlsplit(service(function)["status"]["url"]).netloc
        headers = options.pop("headers", {}) | {"Host": host}
        return super().call(method, path, headers=headers, **options)


def mails_to(address: str, mailpit: str) -> list[EmailMessage]:
    """Return Mailpit's mails to the address."""
    answer = requests.get(f"{mailpit}/api/v1/search", params={"query": f"to:{address}", "limit": "200"}, timeout=60)
    answer.raise_for_status()
    sources = (f"{mailpit}/api/v1/message/{found['ID']}/raw" for found in answer.json()["messages"])
    return [parsed(requests.get(source, timeout=60).content) for source in sources]
