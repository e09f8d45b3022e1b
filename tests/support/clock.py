"""Lets time pass immediately: stored times are moved back relative to the server's clock, which decides on leases."""

from datetime import timedelta

from pymongo.database import Database

from functions.shared.job.deliveries import Channel, path
from functions.shared.mongo import Document

TIMES = (
    *("created", "lease", "finished", "kept", "republish.again"),
    *(path(channel, field) for channel in Channel for field in ("lease", "held", "since", "at", "republish.again")),
)


def advance(database: Database[Document], passed: timedelta) -> None:
    """Make every job, and the mails counted for each recipient, as they will be after `passed`."""
    back = passed // timedelta(milliseconds=1)
    for name in TIMES:
        database["jobs"].update_many({name: {"$type": "date"}}, [{"$set": {name: {"$subtract": [f"${name}", back]}}}])
    mails = {"$map": {"input": "$mails", "in": {"id": "$$this.id", "at": {"$subtract": ["$$this.at", back]}}}}
    database["recipients"].update_many({"mails": {"$exists": True}}, [{"$set": {"mails": mails}}])
    for name in ("digest.at", "warning.at", "last"):
        moved = {name: {"$subtract": [f"${name}", back]}}
        database["recipients"].update_many({name: {"$exists": True}}, [{"$set": moved}])
