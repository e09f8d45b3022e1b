"""Makes MongoDB ready: the indexes, and a user for each function who may do what its code does. Safe to repeat.

`MONGODB_ADMIN_URL` is an administrator's. `MONGODB_UPLOAD_URL` and so on, one for each of RIGHTS, are the very URLs
that the functions get, `mongodb://USER:PASSWORD@HOST/DATABASE` or `mongodb+srv://…`: change a password there and run
this again.
"""

import os
from typing import Any

from pymongo import ASCENDING, DESCENDING, MongoClient
from pymongo.database import Database
from pymongo.uri_parser import parse_uri

START_MS = 600_000  # the longest that MongoDB may take to start
# Reading and then removing the chunks of a file is how it is deleted. MongoDB knows no rights on a single field.
RIGHTS = {
    "upload": {
        "jobs": ["find", "insert"],
        "videos.files": ["insert", "remove"],
        "videos.chunks": ["find", "insert", "remove"],
        "quotas": ["find", "insert", "update"],
    },
    "convert": {
        "jobs": ["find", "update"],
        "videos.files": ["find", "remove"],
        "videos.chunks": ["find", "remove"],
        "mp3s.files": ["insert", "remove"],
        "mp3s.chunks": ["find", "insert", "remove"],
    },
    "notify": {"jobs": ["find", "update"]},
    "download": {
        "jobs": ["find", "remove"],
        "videos.files": ["remove"],
        "videos.chunks": ["find", "remove"],
        "mp3s.files": ["find", "remove"],
        "mp3s.chunks": ["find", "remove"],
    },
    "sweep": {
        "jobs": ["find", "update", "remove"],
        "videos.files": ["find", "remove"],
        "videos.chunks": ["find", "remove"],
        "mp3s.files": ["find", "remove"],
        "mp3s.chunks": ["find", "remove"],
    },
    "deadletter": {"dead": ["insert", "update"]},
    "replay": {"dead": ["find", "remove"], "jobs": ["find", "update"], "videos.files": ["find"]},
}


def make_indexes(database: Database[dict[str, Any]]) -> None:
    jobs = database["jobs"]
    jobs.create_index([("owner", ASCENDING), ("_id", DESCENDING)])
    jobs.create_index(
        [("owner", ASCENDING), ("key", ASCENDING)], unique=True, partialFilterExpression={"key": {"$exists": True}}
    )
    jobs.create_index("mp3.id", partialFilterExpression={"mp3.id": {"$exists": True}})
    open_jobs = {"state": {"$in": ["uploaded", "converting"]}}
    jobs.create_index([("state", ASCENDING), ("lease", ASCENDING)], partialFilterExpression=open_jobs)
    jobs.create_index("mail.lease", partialFilterExpression={"mail.outcome": "pending"})
    jobs.create_index("finished", partialFilterExpression={"finished": {"$exists": True}})
    # All that upload's quotas ask of an owner's jobs, so that they are not read one by one.
    jobs.create_index([(name, ASCENDING) for name in ("owner", "state", "reason.code", "size", "mp3.size", "_id")])
    database["quotas"].create_index("last", expireAfterSeconds=3600)
    for bucket in ("videos", "mp3s"):
        database[f"{bucket}.chunks"].create_index([("files_id", ASCENDING), ("n", ASCENDING)], unique=True)


def make_user(database: Database[dict[str, Any]], role: str, user: str, password: str) -> None:
    """Give the user this password, and the role of that name with its RIGHTS, instead of all that it had."""
    privileges = [
        {"resource": {"db": database.name, "collection": collection}, "actions": actions}
        for collection, actions in RIGHTS[role].items()
    ]
    known = database.command("rolesInfo", role)["roles"]
    database.command("updateRole" if known else "createRole", role, privileges=privileges, roles=[])
    known = database.command("usersInfo", user)["users"]
    database.command("updateUser" if known else "createUser", user, pwd=password, roles=[role])


def main() -> None:
    variables = {role: f"MONGODB_{role.upper()}_URL" for role in ("admin", *RIGHTS)}
    missing = [variable for variable in variables.values() if not os.environ.get(variable)]
    if missing:
        raise SystemExit(f"missing in the environment: {', '.join(missing)}")
    urls = {role: parse_uri(os.environ[variable]) for role, variable in variables.items()}
    client: MongoClient[dict[str, Any]] = MongoClient(
        os.environ[variables.pop("admin")], serverSelectionTimeoutMS=START_MS, socketTimeoutMS=30_000
    )
    database = client.get_default_database("video2mp3")
    for role, variable in variables.items():
        if not (urls[role]["username"] and urls[role]["password"]) or urls[role]["database"] != database.name:
            raise SystemExit(f"{variable} must be mongodb://USER:PASSWORD@HOST/{database.name}, or mongodb+srv://…")
    make_indexes(database)
    for role in variables:
        make_user(database, role, urls[role]["username"], urls[role]["password"])


if __name__ == "__main__":
    main()
