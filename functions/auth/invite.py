"""Creates an account: `python -m functions.auth.invite ADDRESS`, with MYSQL_URL and PUBLIC_URL in the environment.

Prints a link to set the password, for its owner alone. Safe to repeat: an account that exists is kept, and gets another
link. This is how accounts are made where registration is closed.
"""

import os
import sys
from contextlib import suppress
from dataclasses import dataclass

from functions.auth import emails
from functions.auth.accounts import Accounts
from functions.auth.errors import AddressTaken, NotAnAddress
from functions.auth.passwords import Passwords
from functions.auth.proofs import INVITATION_LIFETIME, Proofs
from functions.shared.mysql import Database, MysqlUrl
from functions.shared.settings import Url, load


@dataclass(frozen=True)
class Settings:
    mysql_url: MysqlUrl
    public_url: Url


def main() -> None:
    settings = load(Settings, os.environ)
    try:
        (text,) = sys.argv[1:]
        email = emails.new(text)
    except (ValueError, NotAnAddress):
        raise SystemExit("Give one mail address, such as name@example.org.") from None
    database = Database(settings.mysql_url)
    with suppress(AddressTaken):
        Accounts(database).register(email, password_hash="")  # which no password matches; the link verifies the address
    secret = Proofs(database, Passwords(1)).invite(email)
    print(f"{email} can set a password within {INVITATION_LIFETIME.days} days:")
    print(f"{settings.public_url.rstrip('/')}/#reset={secret}")
    print("Without a page:")
    body = f'{{"secret": "{secret}", "password": "THE NEW PASSWORD"}}'
    print(f"curl --json '{body}' {settings.public_url.rstrip('/')}/auth/reset")


if __name__ == "__main__":
    main()
