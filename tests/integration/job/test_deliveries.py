"""The lease on a job's mail, on a real store."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from pymongo.database import Database

from functions.shared import mongo
from functions.shared.job.deliveries import Channel, Deliveries, Outcome
from functions.shared.mongo import Document
from tests.support.jobs import PAST, ended_job, mail_of, open_job
from tests.support.stacks import Server


@pytest.fixture(scope="module")
def database(mongodb: Server) -> Iterator[Database[Document]]:
    store = mongo.database(mongodb.url)
    yield store
    store.client.close()


def test_of_many_claims_at_once_one_succeeds(database: Database[Document]) -> None:
    """Sixteen notifiers that claim a mail at the same time agree on one, whatever it waits for: 20 rounds."""
    mails = Deliveries(database, Channel.MAIL)
    with ThreadPoolExecutor(16) as pool:
        for number in range(20):
            job = ended_job(
                database, **({"deliveries.mail.lease": PAST, "deliveries.mail.tries": 3} if number % 2 else {})
            )
            claims = list(pool.map(lambda _, job=job: mails.claim(job), range(16)))
            assert sum(claim is not None for claim in claims) == 1
            assert mail_of(database, job)["tries"] == (4 if number % 2 else 1)


def test_lease_that_is_over_can_be_claimed_again(database: Database[Document]) -> None:
    """A claim that ended without a word is followed by another, and each keeps the mail longer, up to an hour."""
    mails, job = Deliveries(database, Channel.MAIL), ended_job(database)
    for minutes in (1, 2, 4, 8, 16, 32, 60, 60):
        assert mails.claim(job)
        assert mails.claim(job) is None
        wait = mail_of(database, job)["lease"] - datetime.now(UTC)
        assert timedelta(minutes=minutes, seconds=-20) < wait <= timedelta(minutes=minutes, seconds=1)
        database["jobs"].update_one({"_id": job}, {"$set": {"deliveries.mail.lease": PAST}})


def test_mail_is_settled_once(database: Database[Document]) -> None:
    """The first outcome stands, and no claim succeeds after it."""
    for first, second in ((Outcome.SENT, Outcome.BOUNCED), (Outcome.BOUNCED, Outcome.SENT)):
        mails, job = Deliveries(database, Channel.MAIL), ended_job(database)
        claimed = mails.claim(job)
        assert claimed
        mails.settle([claimed.job], first)
        mails.settle([claimed.job], second)
        database["jobs"].update_one({"_id": job}, {"$set": {"deliveries.mail.lease": PAST}})
        assert mail_of(database, job)["outcome"] == first
        assert mails.claim(job) is None


def test_open_job_has_no_mail_to_claim(database: Database[Document]) -> None:
    """Before its end a job has no delivery, neither to claim nor to reschedule."""
    job = open_job(database)
    assert Deliveries(database, Channel.MAIL).claim(job) is None
    assert Deliveries(database, Channel.MAIL).reschedule(job) is False
