"""A user of the product, by HTTP and mail."""

import email
import email.policy
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
from requests.adapters import HTTPAdapter

from tests.support.secrecy import PASSPHRASE
from tests.support.waiting import eventually

_addresses = iter(range(2, 255))


@dataclass
class User:
    """A registered and logged-in user, with an address of their own, as the gateway limits by address."""

    gateway: str
    address: str = field(init=False, default_factory=lambda: f"{uuid4().hex[:12]}@people.example")
    password: str = field(init=False, default_factory=lambda: f"{PASSPHRASE} {uuid4().hex}")
    http: requests.Session = field(init=False, default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.http.mount("http://", From(f"127.0.0.{next(_addresses)}"))
        account = {"email": self.address, "password": self.password}
        answer = self.call("POST", "/auth/register", json=account)
        answer.raise_for_status()
        self.user = str(answer.json()["id"])
        self.log_in()

    def log_in(self) -> None:
        answer = self.call("POST", "/auth/login", auth=(self.address, self.password))
        answer.raise_for_status()
        self.http.headers["Authorization"] = f"Bearer {answer.json()['token']}"

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.http.request(method, self.gateway + path, timeout=60, **options)

    def upload(self, video: Path, name: str | None = None) -> str:
        """Return the new job's id."""
        with video.open("rb") as body:
            answer = self.call("POST", "/upload", files={"file": (name or video.name, body)})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def job(self, job: str) -> dict[str, Any]:
        answer = self.call("GET", f"/jobs/{job}")
        answer.raise_for_status()
        return dict(answer.json())

    def finished(self, job: str, seconds: float = 60) -> dict[str, Any]:
        """Return the job once it is done or failed."""

        def look() -> dict[str, Any] | None:
            found = self.job(job)
            return found if found["state"] in {"done", "failed"} else None

        return eventually(look, seconds, f"the end of job {job}")

    def mails(self) -> list[EmailMessage]:
        """Return the mails to this user so far."""
        raise NotImplementedError

    def mails_about(self, job: str) -> list[EmailMessage]:
        """Return the mails about the end of this job."""
        return [message for message in self.mails() if message["Message-ID"].startswith(f"<{job}.")]

    def first_mail(self, seconds: float = 60) -> EmailMessage:
        return eventually(self.mails, seconds, f"a mail to {self.address}")[0]


@dataclass
class Person(User):
    """A user whose mails are files of the folder `mail`."""

    mail: Path

    def mails(self) -> list[EmailMessage]:
        messages = (parsed(path.read_bytes()) for path in sorted(self.mail.glob("*.eml")))
        return [message for message in messages if message["To"] == self.address]


def parsed(mail: bytes) -> EmailMessage:
    return email.message_from_bytes(mail, _class=EmailMessage, policy=email.policy.default)


class From(HTTPAdapter):
    """Sends from this address of the machine."""

    def __init__(self, source: str) -> None:
        self._source = source
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options, source_address=(self._source, 0))
