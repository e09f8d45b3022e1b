"""`make user`: an account where nobody may register."""

import os
import re
import subprocess
import sys
from uuid import uuid4

import pytest
import requests

from scripts.local.supervision import REPOSITORY
from tests.support.auth import PASSWORD, Client, through_gateway
from tests.support.stacks import Server


def invite(mysql: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
    settings = {"MYSQL_URL": mysql.url_of("auth"), "PUBLIC_URL": "https://video2mp3.example/"}
    command = [sys.executable, "-m", "functions.auth.invite", *arguments]
    env = os.environ | settings | {"PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def secret_in(said: str) -> str:
    (secret,) = re.findall(r"^https://video2mp3\.example/#reset=(\w{43})$", said, re.MULTILINE)
    return str(secret)


def reset(auth: Client, secret: str, password: str) -> int:
    body = {"secret": secret, "password": password}
    return requests.post(f"{auth.url}/auth/reset", json=body, headers=through_gateway(), timeout=20).status_code


def test_invited_user_sets_a_password_by_the_printed_link(auth: Client, mysql: Server) -> None:
    """Before that nobody can log in; the address counts as verified. The link works once."""
    email = f"{uuid4()}@example.com"
    secret = secret_in(invite(mysql, email.upper()).stdout)
    assert auth.login(email, "").status_code == 401
    assert auth.register(email, PASSWORD).status_code == 409
    assert reset(auth, secret, PASSWORD) == 204
    assert auth.login(email, PASSWORD).status_code == 200
    assert reset(auth, secret, PASSWORD) == 403


def test_second_invitation_keeps_the_account(auth: Client, mysql: Server) -> None:
    """And prints another link, for whoever has lost the first one; once one is used, neither works any more."""
    person = auth.newcomer()
    lost, secret = (secret_in(invite(mysql, person.email).stdout) for _ in range(2))
    assert auth.login(person.email, person.password).status_code == 200
    assert reset(auth, secret, "another good passphrase") == 204
    assert reset(auth, lost, "a third good passphrase") == 403


@pytest.mark.parametrize("arguments", [[], ["nobody"], ["a@example.com", "b@example.com"], ["root@localhost"]])
def test_anything_but_one_address_is_refused(mysql: Server, arguments: list[str]) -> None:
    ended = invite(mysql, *arguments)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "Give one mail address, such as name@example.org.\n"
