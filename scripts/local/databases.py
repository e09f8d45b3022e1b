"""Prepares the running databases with the same set-up programs of infra/ as in the cluster."""

import os
import subprocess
import sys
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure

from scripts.local.secrets import Secrets
from scripts.local.supervision import REPOSITORY
from scripts.local.waiting import StackError

UNAUTHORIZED = 13


def prepare_mongodb(address: str, secrets: Secrets) -> None:
    """Create an administrator, the indexes and the functions' users."""
    # A MongoDB without users lets a client on loopback create the first one.
    with MongoClient[dict[str, Any]](f"mongodb://{address}/", timeoutMS=30_000) as client:
        try:
            client.admin.command("createUser", "admin", pwd=secrets.password("mongodb-admin"), roles=["root"])
        except OperationFailure as error:
            if error.code != UNAUTHORIZED:  # raised if there are users already
                raise
    _set_up("mongodb", secrets)


def prepare_mysql(secrets: Secrets) -> None:
    """Create auth's tables and user."""
    _set_up("mysql", secrets)


def _set_up(store: str, secrets: Secrets) -> None:
    """Run `infra/STORE/setup.py` with each secret `STORE-USER/url` as the variable STORE_USER_URL."""
    names = [file.parent.name for file in secrets.folder.glob(f"{store}-*/url")]
    urls = {f"{name.replace('-', '_').upper()}_URL": secrets.read(name, "url") for name in names}
    program = f"infra/{store}/setup.py"
    command = [sys.executable, str(REPOSITORY / program)]
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY), **urls}
    made = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if made.returncode:
        raise StackError(f"{program} failed:\n{made.stderr}")
