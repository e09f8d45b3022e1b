"""The search through all logs at the end of every run finds secrets."""

from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from functions.auth.credentials import new_secret, new_token
from functions.auth.passwords import Passwords
from scripts.local.secrets import Secrets
from tests.support.auth import PASSWORD
from tests.support.forgery import STRANGERS
from tests.support.secrecy import secrets_in

TOKEN = jwt.encode({"sub": "anna"}, STRANGERS, "EdDSA")
STORED = "Zm9yIGEgc3RvcmU"
LEAKS = {
    "a person's password": f'{{"email": "a@example.com", "password": "{PASSWORD}"}}',
    "a password's hash": Passwords(1).hash("a film for my ears"),
    "a token": f"GET /jobs?token={TOKEN} HTTP/1.1",
    "an API token": f"revoked {new_token()}",
    "a session's cookie": f"cookie: session={new_secret()}",
    "an Authorization header": "authorization: basic YUBleGFtcGxlLmNvbTp4",
    "a private key": STRANGERS.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    "mongodb-auth's password": f"cannot log in as auth by {STORED}",
}


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    secrets = Secrets(tmp_path / "secrets")
    secrets.write("mongodb-auth", "password", STORED)
    return secrets


@pytest.mark.parametrize("leak", LEAKS)
def test_secret_in_a_log_is_found_and_not_shown(leak: str, tmp_path: Path, secrets: Secrets) -> None:
    """Secrets are found in any log of the folder, also rotated ones, and on any line."""
    logs = tmp_path / "log"
    logs.mkdir()
    (logs / "clean.log").write_text('{"message": "registered", "user": "anna"}\nGET /jobs 401 Bearer realm="x"\n')
    (logs / "auth.log.1").write_text(f"started\n{LEAKS[leak]}\nstopped\n")
    assert secrets_in(logs, secrets) == [f"{leak} in auth.log.1"]
