"""Lets time pass immediately: stored times are moved back relative to the server's clock, which decides on leases."""

from datetime import timedelta

from pymongo.database import Database

from functions.shared.job.deliveries import Channel, path
from functions.shared.mongo import Document

TIMES = (
    *("created", "lease", "finished", "republish.again"),
    *(path(channel, field) for channel in Channel for field in ("lease", "at", "republish.again")),
)


def advance(database: Database[Document], passed: timedelta) -> None:
    """Make every job as it will be after `passed`."""
    back = passed // timedelta(milliseconds=1)
    for name in TIMES:
        database["jobs"].update_many({name: {"$type": "date"}}, [{"$set": {name: {"$subtract": [f"${name}", back]}}}])
