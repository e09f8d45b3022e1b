"""A client of auth."""

from base64 import b64encode
from dataclasses import dataclass
from uuid import uuid4

import requests

PASSWORD = "a passphrase, nothing common"


@dataclass(frozen=True)
class Registered:
    email: str
    password: str


@dataclass(frozen=True)
class Client:
    """A client of auth at `url`."""

    url: str

    def register(self, email: object, password: object) -> requests.Response:
        return requests.post(f"{self.url}/auth/register", json={"email": email, "password": password}, timeout=20)

    def login(self, email: str, password: str) -> requests.Response:
        """Log in by HTTP Basic in UTF-8, where requests itself would take Latin-1."""
        headers = {"Authorization": f"Basic {b64encode(f'{email}:{password}'.encode()).decode()}"}
        return requests.post(f"{self.url}/auth/login", headers=headers, timeout=20)

    def call(self, method: str, path: str, token: str, body: object = None) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return requests.request(method, f"{self.url}/auth/{path}", headers=headers, json=body, timeout=20)

    def verify(self, token: str) -> int:
        return self.call("GET", "verify", token).status_code

    def token(self, person: Registered) -> str:
        answer = self.login(person.email, person.password)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["token"])

    def newcomer(self, password: str = PASSWORD) -> Registered:
        """Return a newly registered person."""
        person = Registered(f"{uuid4()}@example.com", password)
        answer = self.register(person.email, person.password)
        assert answer.status_code == 201, answer.text
        return person
