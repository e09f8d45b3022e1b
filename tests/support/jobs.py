"""Jobs as the functions store them, for the tests of event handlers."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId
from pymongo.database import Database

from functions.shared.job.owned import Jobs
from functions.shared.mongo import Document

# The possible ends of a job: its reason's code, or `done`.
REASONS = frozenset({"no_audio", "not_a_video", "damaged", "encrypted", "unsupported", "too_long"})
ANY = REASONS | {"done"}

PAST = datetime(2020, 1, 1, tzinfo=UTC)


def open_job(database: Database[Document], /, **fields: Any) -> ObjectId:
    """Store a job as upload does, then set `fields`; return its id."""
    job = ObjectId()
    Jobs(database).create(job, owner="u1", email="owner@people.example", name="film.mp4", size=1000, key=None)
    if fields:
        database["jobs"].update_one({"_id": job}, {"$set": fields})
    return job


def ended_job(database: Database[Document], state: str = "done", /, **fields: Any) -> ObjectId:
    """Store a job as convert ends it, its mail pending and never tried; return its id."""
    end: Document = (
        {"mp3": {"id": ObjectId(), "size": 3_456_789, "duration": 75.3}}
        if state == "done"
        else {"reason": {"code": "no_audio", "message": "The video has no sound track."}}
    )
    now = datetime.now(UTC)
    mail = {"outcome": "pending", "tries": 0, "lease": now + timedelta(seconds=60)}
    job = open_job(database, state=state, finished=now, deliveries={"mail": mail}, **end)
    change: Document = {"$unset": {"lease": ""}} | ({"$set": fields} if fields else {})
    database["jobs"].update_one({"_id": job}, change)
    return job


def mail_of(database: Database[Document], job: object) -> Document:
    """Return the job's delivery by mail."""
    return dict((database["jobs"].find_one({"_id": job}) or {})["deliveries"]["mail"])
