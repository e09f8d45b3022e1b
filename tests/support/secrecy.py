"""Secrets that no log may contain: searched for in all logs at the end of a run."""

import re
from pathlib import Path

from scripts.local.secrets import Secrets

PASSPHRASE = "passphrase"  # part of every correct password in the tests whose logs are searched
FORMS = {
    "a person's password": re.compile(f"{PASSPHRASE}|not the password".encode()),
    "a password's hash": re.compile(rb"\$argon2"),
    "a token": re.compile(rb"eyJ[\w-]{8,}\.[\w-]{8,}"),
    "an API token": re.compile(rb"v2m_[0-9A-Za-z]{49}"),
    "a session's cookie": re.compile(rb"session=[0-9A-Za-z]{43}"),
    "an Authorization header": re.compile(rb"\b(?:Basic|Bearer) +[\w.~+/=-]{8,}", re.IGNORECASE),
    "a signed link or a feed": re.compile(rb"/(?:d|feed)/[\w.%-]{40,}"),
    "a private key": re.compile(rb"PRIVATE KEY"),
}


def secrets_in(logs: Path, secrets: Secrets) -> list[str]:
    """Return the kinds of secrets found in each log of the folder, without showing them."""
    passwords = {f"{file.parent.name}'s password": file.read_bytes() for file in secrets.folder.glob("*/password")}
    forms = FORMS | {name: re.compile(re.escape(password)) for name, password in passwords.items()}
    texts = {log.name: log.read_bytes() for log in sorted(logs.iterdir())}
    return [f"{what} in {log}" for log, text in texts.items() for what, form in forms.items() if form.search(text)]
