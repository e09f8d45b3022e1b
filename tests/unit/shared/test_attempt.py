"""The lease of an attempt while MongoDB is unavailable."""

import time
from datetime import UTC, datetime

import pytest
from bson import ObjectId
from pymongo import MongoClient

from functions.shared.job.conversions import LEASE, Attempt
from functions.shared.job.document import Job, Mp3, State
from functions.shared.mongo import AWAY, Document
from scripts.local.ports import HOST, free_port

JOB = Job(
    ObjectId(),
    ObjectId(),
    "owner",
    "a@b.example",
    "film.mp4",
    1,
    State.CONVERTING,
    0.0,
    None,
    None,
    datetime.now(UTC),
    None,
)


def attempt(claimed_seconds_ago: float) -> Attempt:
    """Return an attempt whose MongoDB does not answer."""
    client: MongoClient[Document] = MongoClient(HOST, free_port(), connect=False, timeoutMS=100)
    return Attempt(client["x"]["jobs"], JOB, "token", 1, time.monotonic() - claimed_seconds_ago)


def test_renewal_may_fail_while_the_lease_holds() -> None:
    """The conversion continues, as no other attempt can have claimed the job."""
    attempt(0).renew(0.5)
    attempt(LEASE.total_seconds() - 5).renew(0.5)


def test_failed_renewal_ends_the_attempt_once_the_lease_may_have_expired() -> None:
    """From then on another attempt may have claimed the job."""
    with pytest.raises(AWAY):
        attempt(LEASE.total_seconds()).renew(0.5)


def test_end_of_a_job_is_not_assumed_while_mongodb_is_unavailable() -> None:
    """Unlike a renewal, a commit or a failure that was not stored is an error at once."""
    with pytest.raises(AWAY):
        attempt(0).commit(Mp3(ObjectId(), 1, 1.0))
