"""Sets up MongoDB: indexes, documents of the version before, and one user per function with that function's rights.

Safe to repeat.

`MONGODB_ADMIN_URL` is an administrator's. `MONGODB_UPLOAD_URL` and so on, one for each of RIGHTS, are the URLs
that the functions get, `mongodb://USER:PASSWORD@HOST/DATABASE` or `mongodb+srv://…`: change a password there and run
this again.
"""

import os
import time
from datetime import timedelta
from typing import Any

import pymongo
from pymongo import ASCENDING, MongoClient
from pymongo.database import Database
from pymongo.errors import ServerSelectionTimeoutError
from pymongo.uri_parser import parse_uri

from functions.shared.job import indexes
from functions.shared.job.document import COLLECTION as JOBS
from functions.shared.job.owners import OWNERS
from functions.shared.job.upgrade import upgrade
from functions.shared.uploads import COLLECTION as UPLOADS

START = timedelta(minutes=5)  # the longest that MongoDB may take to start
ATTEMPT = timedelta(seconds=5)
# A file is deleted by reading and removing its chunks. MongoDB has no privileges on single fields.
WHOLE_DATABASE = ""
RIGHTS = {
    "upload": {
        JOBS: ["find", "insert"],
        OWNERS: ["find"],
        "videos.files": ["insert", "remove"],
        "videos.chunks": ["find", "insert", "remove"],
        "quotas": ["find", "insert", "update"],
        UPLOADS: ["find", "insert", "update", "remove"],
        WHOLE_DATABASE: ["dbStats"],  # to see the free space of the disk
    },
    "convert": {
        JOBS: ["find", "update"],
        OWNERS: ["find", "insert", "update"],
        "quotas": ["find"],
        UPLOADS: ["find"],  # for the owner's quota
        "videos.files": ["find", "remove"],
        "videos.chunks": ["find", "remove"],
        "mp3s.files": ["insert", "remove"],
        "mp3s.chunks": ["find", "insert", "remove"],
    },
    "notify": {JOBS: ["find", "update"], OWNERS: ["find"], "recipients": ["find", "insert", "update"]},
    "download": {
        JOBS: ["find", "remove"],
        OWNERS: ["insert", "update"],
        UPLOADS: ["find", "remove"],
        "videos.files": ["remove"],
        "videos.chunks": ["find", "remove"],
        "mp3s.files": ["find", "remove"],
        "mp3s.chunks": ["find", "remove"],
        "feeds": ["find", "insert", "update", "remove"],
    },
    "webhook": {
        JOBS: ["find", "update"],
        OWNERS: ["find"],
        "webhooks": ["find", "insert", "update", "remove"],
    },
    "sweep": {
        JOBS: ["find", "update", "remove"],
        OWNERS: ["find"],
        UPLOADS: ["find", "remove"],
        "videos.files": ["find", "remove"],
        "videos.chunks": ["find", "remove"],
        "mp3s.files": ["find", "remove"],
        "mp3s.chunks": ["find", "remove"],
        "feeds": ["remove"],
        "webhooks": ["remove"],
    },
    "deadletter": {"dead": ["find", "insert", "update"]},
    "replay": {"dead": ["find", "remove"], JOBS: ["find", "update"], "videos.files": ["find"]},
}


def make_indexes(database: Database[dict[str, Any]]) -> None:
    indexes.make_indexes(database)
    database["quotas"].create_index("last", expireAfterSeconds=3600)
    database[OWNERS].create_index("expires", expireAfterSeconds=0)
    database[UPLOADS].create_index("expires")
    database[UPLOADS].create_index(
        [("owner", ASCENDING), ("key", ASCENDING)], unique=True, partialFilterExpression={"key": {"$exists": True}}
    )
    database[UPLOADS].create_index([("owner", ASCENDING), ("_id", ASCENDING)])
    database["recipients"].create_index("last", expireAfterSeconds=24 * 3600)
    database["feeds"].create_index("token", unique=True)
    for bucket in ("videos", "mp3s"):
        database[f"{bucket}.chunks"].create_index([("files_id", ASCENDING), ("n", ASCENDING)], unique=True)


def make_user(database: Database[dict[str, Any]], role: str, user: str, password: str) -> None:
    """Give the user this password and the role of that name with its RIGHTS; other roles are revoked."""
    privileges = [
        {"resource": {"db": database.name, "collection": collection}, "actions": actions}
        for collection, actions in RIGHTS[role].items()
    ]
    known = database.command("rolesInfo", role)["roles"]
    database.command("updateRole" if known else "createRole", role, privileges=privileges, roles=[])
    known = database.command("usersInfo", user)["users"]
    database.command("updateUser" if known else "createUser", user, pwd=password, roles=[role])


def wait_for(client: MongoClient[dict[str, Any]]) -> None:
    """Return once MongoDB answers; raise its error after `START`, and one about TLS at once."""
    deadline = time.monotonic() + START.total_seconds()
    while True:
        try:
            with pymongo.timeout(ATTEMPT.total_seconds()):
                client.admin.command("ping")
        except ServerSelectionTimeoutError as error:
            if "[SSL: " in str(error) or time.monotonic() > deadline:
                raise
        else:
            return


def main() -> None:
    variables = {role: f"MONGODB_{role.upper()}_URL" for role in ("admin", *RIGHTS)}
    missing = [variable for variable in variables.values() if not os.environ.get(variable)]
    if missing:
        raise SystemExit(f"missing in the environment: {', '.join(missing)}")
    urls = {role: parse_uri(os.environ[variable]) for role, variable in variables.items()}
    client: MongoClient[dict[str, Any]] = MongoClient(os.environ[variables.pop("admin")], socketTimeoutMS=30_000)
    database = client.get_default_database("video2mp3")
    for role, variable in variables.items():
        if not (urls[role]["username"] and urls[role]["password"]) or urls[role]["database"] != database.name:
            raise SystemExit(f"{variable} must be mongodb://USER:PASSWORD@HOST/{database.name}, or mongodb+srv://…")
    wait_for(client)
    make_indexes(database)
    upgrade(database)
    for role in variables:
        make_user(database, role, urls[role]["username"], urls[role]["password"])


if __name__ == "__main__":
    main()
