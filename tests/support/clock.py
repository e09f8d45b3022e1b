"""Time that passes at once: what is stored moves back under the server's clock, which the leases go by."""

from datetime import timedelta

from pymongo.database import Database

from functions.shared.job.deliveries import Channel, path
from functions.shared.mongo import Document

TIMES = (
    *("created", "lease", "finished", "republish.again"),
    *(path(channel, field) for channel in Channel for field in ("lease", "at", "republish.again")),
)


def advance(database: Database[Document], passed: timedelta) -> None:
    """Make every job look as it will be when `passed` is over."""
    back = passed // timedelta(milliseconds=1)
    for name in TIMES:
        database["jobs"].update_many({name: {"$type": "date"}}, [{"$set": {name: {"$subtract": [f"${name}", back]}}}])
