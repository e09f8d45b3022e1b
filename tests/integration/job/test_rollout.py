"""Pods of version 0.1 and of this version on one store: each pair of functions working on one job."""

from datetime import UTC, datetime, timedelta

import pytest
from bson import ObjectId
from pymongo.database import Database

from functions.shared.job.conversions import GAVE_UP, Conversions, LeaseLost
from functions.shared.job.deliveries import Outcome
from functions.shared.job.document import Mp3, Reason
from functions.shared.job.reopening import Reopening
from functions.shared.job.upgrade import upgrade
from functions.shared.mongo import Document
from tests.integration.job.old_writes import OldPods
from tests.integration.job.system import System
from tests.support.clock import advance
from tests.support.jobs import open_job

DAMAGED = Reason("damaged", "It is damaged.")
MINUTES = timedelta(minutes=2)


@pytest.fixture
def old(database: Database[Document]) -> OldPods:
    return OldPods(database)


def uploaded(database: Database[Document]) -> ObjectId:
    """Store a video and its job; `open_job` writes what upload of version 0.1 writes."""
    job = open_job(database)
    database["videos.files"].insert_one({"_id": job, "length": 11, "uploadDate": datetime.now(UTC)})
    database["videos.chunks"].insert_one({"files_id": job, "n": 0, "data": b"eleven byte"})
    return job


def ended_by_old(database: Database[Document], old: OldPods, reason: Reason = DAMAGED) -> ObjectId:
    job = uploaded(database)
    assert old.claim(job)
    assert old.end(job, state="failed", reason=vars(reason))
    return job


def ended_by_new(database: Database[Document], reason: Reason = DAMAGED) -> ObjectId:
    job = uploaded(database)
    attempt = Conversions(database).claim(job)
    assert attempt
    attempt.fail(reason)
    return job


def mails_about(system: System, job: ObjectId) -> int:
    return sum(count for mail, count in system.mail.mails.items() if mail.startswith(str(job)))


def test_end_written_by_old_convert_is_mailed_once(system: System, old: OldPods) -> None:
    """After the set-up's upgrade old convert still writes `mail`: the next tick moves it, then the mail is sent."""
    job = ended_by_old(system.database, old)
    system.notifier.notify(job)  # not upgraded yet: old notify would mail it
    assert not system.mail.mails
    system.run()
    assert mails_about(system, job) == 1


def test_mail_under_way_in_old_notify_during_the_upgrade_is_not_repeated(system: System, old: OldPods) -> None:
    """Old notify claims, the document is upgraded, old notify settles: no redelivery sends a second mail."""
    job = ended_by_old(system.database, old)
    state = old.claim_mail(job)
    assert state
    assert upgrade(system.database) == 1
    system.notifier.notify(job)
    old.settle_mail(job, state)
    system.run()
    assert not system.mail.mails
    assert system.job(job)["deliveries"]["mail"]["outcome"] == "sent"


def test_mail_lost_by_old_notify_is_sent_by_new(system: System, old: OldPods) -> None:
    """Old notify claims and dies: after its lease one mail is sent."""
    job = ended_by_old(system.database, old)
    assert old.claim_mail(job)
    system.run()
    assert mails_about(system, job) == 1


def test_old_notify_sends_nothing_about_an_end_of_new_convert(system: System, old: OldPods) -> None:
    """Old notify does not know `deliveries`: the sweeper's redelivery reaches new notify."""
    job = ended_by_new(system.database)
    assert old.claim_mail(job) is None
    system.run()
    assert mails_about(system, job) == 1


def test_old_notify_knows_what_new_notify_has_sent(system: System, old: OldPods) -> None:
    """New notify mails, the job is replayed and fails again in old convert: old notify sends no second mail."""
    job = ended_by_new(system.database, GAVE_UP)
    system.notifier.notify(job)
    assert mails_about(system, job) == 1
    assert Reopening(system.database).reopen(job, video_stored=True)
    assert old.claim(job)
    assert old.end(job, state="failed", reason=vars(DAMAGED))
    assert old.claim_mail(job) is None
    system.run()
    assert mails_about(system, job) == 1


def test_new_notify_knows_what_old_notify_has_sent(system: System, old: OldPods) -> None:
    """Old notify mails, the job is replayed by either version and fails again: new notify sends no second mail."""
    for reopen in (old.replay, lambda job: Reopening(system.database).reopen(job, video_stored=True)):
        for upgraded in (False, True):
            job = ended_by_old(system.database, old, GAVE_UP)
            state = old.claim_mail(job)
            assert state
            old.settle_mail(job, state)
            if upgraded:
                upgrade(system.database)
            assert reopen(job)
            attempt = Conversions(system.database).claim(job)
            assert attempt
            attempt.fail(DAMAGED)
            system.run()
            assert not system.mail.mails


def test_replay_during_a_mail_of_new_notify_does_not_repeat_it(system: System, old: OldPods) -> None:
    """New notify claims, old replay and old convert end the job the same way, new notify settles: no second mail."""
    job = ended_by_new(system.database, GAVE_UP)
    claimed = system.deliveries.claim(job)
    assert claimed
    assert old.replay(job)
    assert old.claim(job)
    assert old.end(job, state="failed", reason=vars(DAMAGED))
    system.notifier.notify(job)  # `mail` belongs to old notify, `deliveries.mail` is left from the first end
    system.deliveries.settle([claimed.job], Outcome.SENT)
    assert old.claim_mail(job) is None
    system.run()
    assert not system.mail.mails


def test_replay_by_old_operator_starts_deliveries_anew(system: System, old: OldPods) -> None:
    """Old replay leaves `deliveries`: they are ignored while the job is open, and the new end is mailed once."""
    for mailed in (False, True):
        job = ended_by_new(system.database, GAVE_UP)
        if mailed:
            system.notifier.notify(job)
        system.mail.mails.clear()
        assert old.replay(job)
        advance(system.database, MINUTES)
        system.notifier.notify(job)
        assert not system.mail.mails
        system.run()
        assert system.job(job)["state"] == "done"
        assert system.mail.mails == {f"{job}.converted": 1}
        system.mail.mails.clear()


def test_new_end_by_old_convert_after_an_old_replay_is_mailed_once(system: System, old: OldPods) -> None:
    """The pending delivery of the first end does not lead to a second mail about the next end."""
    job = ended_by_new(system.database, GAVE_UP)
    assert old.replay(job)
    assert old.claim(job)
    mp3 = {"id": ObjectId(), "size": 11, "duration": 1.0}
    assert old.end(job, state="done", progress=1.0, mp3=mp3)
    advance(system.database, MINUTES)
    system.notifier.notify(job)  # the document has both fields: only old notify may claim it until it is upgraded
    assert not system.mail.mails
    assert old.claim_mail(job) == "done"
    old.settle_mail(job, "done")
    system.run()
    assert not system.mail.mails


def test_republishing_noted_by_old_sweep_is_kept(system: System, old: OldPods) -> None:
    """Old sweep's record on an upgraded open job is moved at the next tick, and each job still gets one mail."""
    job = uploaded(system.database)
    old.republish(job)
    assert "told" in system.job(job)
    upgrade(system.database)
    assert {"told", "mail"}.isdisjoint(system.job(job))
    assert system.job(job)["republish"]["times"] == 1
    done = ended_by_new(system.database)
    old.republish(done)
    assert {"told", "mail"}.isdisjoint(system.job(done))
    system.run()
    assert (mails_about(system, job), mails_about(system, done)) == (1, 1)


def test_converters_of_both_versions_respect_each_other(system: System, old: OldPods) -> None:
    """While one converter holds the lease the other cannot claim; after its expiry the first cannot end the job."""
    conversions = Conversions(system.database)
    mine, theirs = uploaded(system.database), uploaded(system.database)
    attempt = conversions.claim(mine)
    assert attempt
    assert not old.claim(mine)
    assert old.claim(theirs)
    assert conversions.claim(theirs) is None
    advance(system.database, MINUTES)
    assert old.claim(mine)
    with pytest.raises(LeaseLost):
        attempt.commit(Mp3(ObjectId(), 11, 1.0))
    assert conversions.claim(theirs)
    assert not old.end(theirs, state="failed", reason=vars(DAMAGED))
