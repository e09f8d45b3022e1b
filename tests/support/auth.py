"""A client of auth."""

from base64 import b64encode
from dataclasses import dataclass
from uuid import uuid4

import requests

PASSWORD = "a passphrase, nothing common"
GATEWAY_PASSWORD = "the gateway's own password"
PUBLIC_URL = "http://video2mp3.example"
OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}


def through_gateway(address: str | None = None) -> dict[str, str]:
    """Return the headers by which the gateway states the address of its client: a new one, or the one given."""
    return {"X-Client-Address": address or f"2001:db8::{uuid4()}", "X-Gateway-Password": GATEWAY_PASSWORD}


def basic(email: str, password: str) -> dict[str, str]:
    """Return the header of HTTP Basic in UTF-8, where requests itself would take Latin-1."""
    return {"Authorization": f"Basic {b64encode(f'{email}:{password}'.encode()).decode()}"}


@dataclass(frozen=True)
class Registered:
    email: str
    password: str


@dataclass(frozen=True)
class Client:
    """A client of auth at `url`, through the gateway from this address, or each request from another address."""

    url: str
    address: str | None = None

    def register(self, email: object, password: object) -> requests.Response:
        body = {"email": email, "password": password}
        return requests.post(f"{self.url}/auth/register", json=body, headers=through_gateway(self.address), timeout=20)

    def login(self, email: str, password: str, address: str | None = None) -> requests.Response:
        headers = through_gateway(address or self.address) | basic(email, password)
        return requests.post(f"{self.url}/auth/login", headers=headers, timeout=20)

    def call(self, method: str, path: str, token: str, body: object = None) -> requests.Response:
        headers = through_gateway(self.address) | {"Authorization": f"Bearer {token}"}
        return requests.request(method, f"{self.url}/auth/{path}", headers=headers, json=body, timeout=20)

    def send(self, method: str, path: str, headers: dict[str, str], body: object = None) -> requests.Response:
        """Send what a browser sends, as the gateway passes it on to auth."""
        headers = through_gateway(self.address) | headers
        return requests.request(method, f"{self.url}/auth/{path}", headers=headers, json=body, timeout=20)

    def browse(self, person: Registered) -> dict[str, str]:
        """Log in from a browser, and return the headers of its pages' further requests."""
        answer = self.send("POST", "session", OWN_PAGE, {"email": person.email, "password": person.password})
        assert answer.status_code == 201, answer.text
        return OWN_PAGE | {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}

    def api_token(self, token: str, scope: str = "write") -> str:
        """Return a new API token of the user with this JWT."""
        answer = self.call("POST", "tokens", token, {"name": "a program", "scope": scope})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])

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
