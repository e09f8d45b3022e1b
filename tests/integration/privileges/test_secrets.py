"""The secrets that each function and set-up job gets, and no more."""

from typing import Any

import pytest
import yaml

from infra.mongodb.setup import RIGHTS
from infra.mysql.setup import PRIVILEGES
from scripts.local.services import services
from scripts.local.supervision import REPOSITORY

SECRETS = {
    "auth": {"mysql-auth/url", "jwt-private/key", "jwt-public/keys", "gateway/password"},
    "upload": {"mongodb-upload/url", "mysql-upload/url", "jwt-public/keys", "gateway/password"},
    "convert": {"mongodb-convert/url"},
    "notify": {"mongodb-notify/url", "mysql-notify/url", "smtp/url"},
    "download": {
        "mongodb-download/url",
        "mysql-download/url",
        "jwt-public/keys",
        "gateway/password",
        "link-keys/keys",
    },
    "sweep": {"mongodb-sweep/url", "mysql-sweep/url"},
    "webhook": {"mongodb-webhook/url", "mysql-webhook/url", "jwt-public/keys", "gateway/password"},
    "deadletter": {"mongodb-deadletter/url"},
}
SERVICES = services()


def secrets_in(part: Any) -> set[str]:
    """Return every secret of the manifest as `NAME/KEY`, used as a variable or as a file."""
    if isinstance(part, list):
        return {found for value in part for found in secrets_in(value)}
    if not isinstance(part, dict):
        return set()
    here = {
        f"{value.get('name', value.get('secretName'))}/{value.get('key', '*')}"
        for name, value in part.items()
        if name in {"secretKeyRef", "secretRef", "secret"} and isinstance(value, dict)
    }
    return here | {found for value in part.values() for found in secrets_in(value)}


def test_every_function_is_listed() -> None:
    """Every function has an entry in the table."""
    assert SECRETS.keys() == SERVICES.keys()


@pytest.mark.parametrize("function", SECRETS)
def test_function_gets_exactly_its_secrets(function: str) -> None:
    """Only auth gets the private key, only download the links' keys, only notify the mail server.

    Each gets its own users of the stores.
    """
    assert secrets_in(SERVICES[function]) == SECRETS[function]


def test_mongodb_has_a_user_for_each_function_that_gets_one() -> None:
    """There is one more user, for the replay of dead letters."""
    named = {secret for secrets in SECRETS.values() for secret in secrets if secret.startswith("mongodb-")}
    assert named == {f"mongodb-{user}/url" for user in RIGHTS if user != "replay"}


@pytest.mark.parametrize(
    ("store", "users"), [("mongodb", {"admin", *RIGHTS}), ("mysql", {"admin", *PRIVILEGES})], ids=["mongodb", "mysql"]
)
def test_setup_job_gets_exactly_these_urls(store: str, users: set[str]) -> None:
    """A set-up job gets the URLs of the administrator and of each user that it creates, as variables that it reads."""
    job = yaml.safe_load((REPOSITORY / f"infra/{store}/setup-job.yaml").read_text())
    (container,) = job["spec"]["template"]["spec"]["containers"]
    given = {variable["name"]: secrets_in(variable) for variable in container["env"]}
    assert given == {f"{store.upper()}_{user.upper()}_URL": {f"{store}-{user}/url"} for user in users}
