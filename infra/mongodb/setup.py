"""Makes MongoDB's collections ready: every index that a function relies on. Safe to repeat.

Run once before the functions, with `MONGODB_URL` in the environment.
"""

import os
from typing import Any

from pymongo import ASCENDING, DESCENDING, MongoClient
from pymongo.database import Database


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
    for bucket in ("videos", "mp3s"):
        database[f"{bucket}.chunks"].create_index([("files_id", ASCENDING), ("n", ASCENDING)], unique=True)


if __name__ == "__main__":
    make_indexes(MongoClient(os.environ["MONGODB_URL"], timeoutMS=30_000).get_default_database("video2mp3"))
