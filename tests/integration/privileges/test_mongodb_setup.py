"""The set-up of MongoDB as a program, in a database of its own."""

import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from functions.shared.mongo import Document
from infra.mongodb.setup import RIGHTS
from scripts.local.supervision import REPOSITORY
from tests.support.stacks import Server

DATABASE = "other"


@pytest.fixture
def env(mongodb: Server) -> Iterator[dict[str, str]]:
    """The environment of a first set-up."""
    address = urlsplit(mongodb.url).netloc.partition("@")[2]
    yield {
        "MONGODB_ADMIN_URL": f"{mongodb.url}{DATABASE}?authSource=admin",
        **{f"MONGODB_{user.upper()}_URL": f"mongodb://{user}:first-%40-{user}@{address}/{DATABASE}" for user in RIGHTS},
    }
    with MongoClient[Document](mongodb.url) as client:
        client[DATABASE].command("dropAllUsersFromDatabase")
        client[DATABASE].command("dropAllRolesFromDatabase")
        client.drop_database(DATABASE)


def set_up(env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(REPOSITORY / "infra/mongodb/setup.py")]
    return subprocess.run(
        command, env=env | {"PYTHONPATH": str(REPOSITORY)}, capture_output=True, text=True, check=False
    )


def code_of(url: str, collection: str) -> int | None:
    """Return the error code with which the URL's user is denied to read the collection, None if allowed."""
    with MongoClient[Document](url) as client:
        try:
            client[DATABASE][collection].find_one()
        except OperationFailure as error:
            return error.code
    return None


def test_second_setup_restores_password_and_privileges(env: dict[str, str], mongodb: Server) -> None:
    """The new password is valid and the old one is not; an added privilege is removed."""
    assert set_up(env).returncode == 0
    first = env["MONGODB_UPLOAD_URL"]
    assert (code_of(first, "jobs"), code_of(first, "dead")) == (None, 13)
    with MongoClient[Document](mongodb.url) as client:
        client[DATABASE].command("grantRolesToUser", "upload", roles=["read"])
        resource = {"db": DATABASE, "collection": "dead"}
        client[DATABASE].command(
            "grantPrivilegesToRole", "upload", privileges=[{"resource": resource, "actions": ["find"]}]
        )
    assert code_of(first, "dead") is None
    second = first.replace("first", "second")
    assert set_up(env | {"MONGODB_UPLOAD_URL": second}).returncode == 0
    assert (code_of(second, "jobs"), code_of(second, "dead"), code_of(first, "jobs")) == (None, 13, 18)


def test_missing_settings_are_named(env: dict[str, str]) -> None:
    """The message has the name of each missing variable."""
    del env["MONGODB_UPLOAD_URL"]
    ended = set_up(env | {"MONGODB_REPLAY_URL": ""})
    assert ended.returncode == 1
    assert "MONGODB_UPLOAD_URL, MONGODB_REPLAY_URL" in ended.stderr


@pytest.mark.parametrize("wrong", ["localhost/other", "upload@localhost/other", "upload:secret@localhost/another"])
def test_url_without_user_password_or_database_is_named_and_not_printed(env: dict[str, str], wrong: str) -> None:
    """The set-up makes nothing, and prints no password."""
    ended = set_up(env | {"MONGODB_UPLOAD_URL": f"mongodb://{wrong}"})
    assert ended.returncode == 1
    assert ended.stderr == f"MONGODB_UPLOAD_URL must be mongodb://USER:PASSWORD@HOST/{DATABASE}, or mongodb+srv://…\n"
