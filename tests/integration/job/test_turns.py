"""Who is converted next when several owners wait."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import pytest
from bson import ObjectId
from pymongo.database import Database

from functions.convert.conversion import Heartbeat
from functions.convert.scratch import Workspace
from functions.shared.events import VIDEO_UPLOADED
from functions.shared.job.conversions import Attempt, Conversions
from functions.shared.job.document import Mp3
from functions.shared.job.options import Options
from functions.shared.mongo import Document
from functions.shared.retry import RetryLater
from tests.integration.job.system import Encoder, System
from tests.support.clock import advance
from tests.support.jobs import open_job

MINUTE, MS = timedelta(minutes=1), timedelta(milliseconds=1)


@pytest.fixture
def conversions(database: Database[Document]) -> Conversions:
    return Conversions(database)


def jobs(database: Database[Document], owner: str, count: int = 1) -> list[ObjectId]:
    return [open_job(database, owner=owner) for _ in range(count)]


def claimed(conversions: Conversions, delivered: ObjectId) -> Attempt:
    attempt = conversions.claim_next(delivered)
    assert attempt
    return attempt


def end(attempt: Attempt) -> None:
    attempt.commit(Mp3(ObjectId(), 1, 1.0))


def store_videos(system: System, jobs: list[ObjectId]) -> None:
    for job in jobs:
        system.database["videos.files"].insert_one({"_id": job, "length": 1, "uploadDate": system.job(job)["created"]})
        system.database["videos.chunks"].insert_one({"files_id": job, "n": 0, "data": b"v"})


def test_delivered_job_is_claimed_if_nobody_else_waits(conversions: Conversions, database: Database[Document]) -> None:
    """One user alone gets all converters, and each event its own job."""
    queue = jobs(database, "anna", 3)
    assert [claimed(conversions, job).job.id for job in reversed(queue)] == [*reversed(queue)]


def test_job_under_way_waits_for_nobody(conversions: Conversions, database: Database[Document]) -> None:
    """A job waits from its upload until its attempt begins, and again when that ended without a result."""
    assert not conversions.any_waits()
    (job,) = jobs(database, "anna")
    assert conversions.any_waits()
    attempt = claimed(conversions, job)
    assert not conversions.any_waits()
    attempt.release()
    assert not conversions.any_waits()
    advance(database, MINUTE)
    assert conversions.any_waits()


def test_owner_without_a_conversion_comes_first(conversions: Conversions, database: Database[Document]) -> None:
    """The event of Anna's job converts Berta's while one of Anna's is under way; Berta's event then converts Anna's."""
    first, second = jobs(database, "anna", 2)
    running = claimed(conversions, first)
    (bertas,) = jobs(database, "berta")
    assert claimed(conversions, second).job.id == bertas
    assert claimed(conversions, bertas).job.id == second
    assert running.job.id == first


def test_owners_take_turns_at_a_single_converter(conversions: Conversions, database: Database[Document]) -> None:
    """Nothing runs when the next job is chosen: whoever has waited since longer ago comes first."""
    queue, owners = jobs(database, "anna", 3), []
    while queue:
        attempt = claimed(conversions, queue.pop(0))
        end(attempt)
        owners.append(attempt.job.owner)
        if len(owners) == 1:
            queue += jobs(database, "berta", 3)
    assert owners == ["anna", "berta"] * 3


def test_owner_with_fewer_conversions_comes_first(conversions: Conversions, database: Database[Document]) -> None:
    """Of four converters two have Anna's jobs and one has Berta's: the fourth gets Berta's next."""
    annas, bertas = jobs(database, "anna", 3), jobs(database, "berta", 2)
    assert all(conversions.claim(job) for job in (*annas[:2], bertas[0]))
    assert claimed(conversions, annas[2]).job.id == bertas[1]


def test_expired_lease_is_no_conversion_under_way(conversions: Conversions, database: Database[Document]) -> None:
    """The job of a killed converter does not count against its owner, and is claimed again."""
    first, _second = jobs(database, "anna", 2)
    assert conversions.claim(first)
    advance(database, MINUTE)
    jobs(database, "berta")
    assert claimed(conversions, first).job.owner == "anna"
    assert claimed(conversions, first).job.owner == "berta"


def test_job_in_backoff_does_not_wait_for_a_converter(conversions: Conversions, database: Database[Document]) -> None:
    """Berta's released job is not due: Anna's second goes on."""
    (bertas,) = jobs(database, "berta")
    claimed(conversions, bertas).release()
    first, second = jobs(database, "anna", 2)
    assert [claimed(conversions, job).job.id for job in (first, second)] == [first, second]
    assert conversions.claim_next(bertas) is None


def test_concurrent_deliveries_claim_every_job_once(conversions: Conversions, database: Database[Document]) -> None:
    """Twelve jobs of three owners, each delivered twice, sixteen at once."""
    queue = [job for owner in ("anna", "berta", "clara") for job in jobs(database, owner, 4)]
    with ThreadPoolExecutor(16) as pool:
        attempts = [attempt for attempt in pool.map(conversions.claim_next, queue * 2) if attempt]
    assert sorted(attempt.job.id for attempt in attempts) == sorted(queue)
    assert {attempt.tries for attempt in attempts} == {1}


def test_as_many_deliveries_as_jobs_convert_all(system: System) -> None:
    """In any order and with swaps: units of work and jobs balance, and a delivery of an ended job is acknowledged."""
    queue = [job for owner in ("anna", "berta") for job in jobs(system.database, owner, 4)]
    store_videos(system, queue)
    for job in queue:
        system.converter.convert(job)
    assert {system.job(job)["state"] for job in queue} == {"done"}
    before = [system.job(job) for job in queue]
    for job in queue:
        system.converter.convert(job)
    assert [system.job(job) for job in queue] == before


def test_job_whose_delivery_converted_another_job_gets_its_event_again(system: System) -> None:
    """The other job's own event is lost: without a new one the first job would wait until sweep finds it overdue."""
    running, waiting = jobs(system.database, "anna", 2)
    claimed(Conversions(system.database), running)
    (bertas,) = jobs(system.database, "berta")
    store_videos(system, [waiting, bertas])
    system.converter.convert(waiting)
    assert system.job(bertas)["state"] == "done"
    assert [event["subject"] for event in system.broker.events if event["type"] == VIDEO_UPLOADED] == [str(waiting)]
    system.deliver()
    assert system.job(waiting)["state"] == "done"


def test_owner_who_has_used_the_cpu_budget_waits(database: Database[Document]) -> None:
    """Anna's job stays as it is, even if nobody else waits, until the next hour; others are converted meanwhile."""
    conversions = Conversions(database, cpu_budget=100)
    first, second = jobs(database, "anna", 2)
    (bertas,) = jobs(database, "berta")
    attempt = claimed(conversions, first)
    attempt.spend(60)
    attempt.spend(40)
    attempt.charge()
    end(attempt)
    before = database["jobs"].find_one({"_id": second})
    assert claimed(conversions, second).job.id == bertas
    assert conversions.claim_next(second) is None
    assert database["jobs"].find_one({"_id": second}) == before
    database["owners"].update_one({"_id": "anna"}, [{"$set": {"hour": {"$subtract": ["$hour", MINUTE * 60 // MS]}}}])
    assert claimed(conversions, second).job.id == second


def test_cpu_time_counts_in_its_hour_only(database: Database[Document]) -> None:
    """What was used in the hour before does not count in this one."""
    conversions = Conversions(database, cpu_budget=100)
    first, second = jobs(database, "anna", 2)
    attempt = claimed(conversions, first)
    attempt.spend(90)
    attempt.charge()
    database["owners"].update_one({"_id": "anna"}, [{"$set": {"hour": {"$subtract": ["$hour", MINUTE * 60 // MS]}}}])
    attempt.spend(90)
    attempt.charge()
    assert claimed(conversions, second).job.id == second


class FailingEncoder(Encoder):
    """Takes CPU time and finds the scratch folder full."""

    def encode(
        self, workspace: Workspace, options: Options, heartbeat: Heartbeat, spent: Callable[[float], None]
    ) -> NoReturn:
        super().encode(workspace, options, heartbeat, spent)
        raise OSError("no space left")


def test_failed_attempt_counts_its_cpu_time(database: Database[Document], tmp_path: Path) -> None:
    """Without a commit too: otherwise a video that always fails would take any amount of CPU time."""
    system = System(database, tmp_path, FailingEncoder())
    (job,) = jobs(database, "anna", 1)
    store_videos(system, [job])
    with pytest.raises(RetryLater):
        system.converter.convert(job)
    assert (database["owners"].find_one({"_id": "anna"}) or {})["cpu"] == 1.0
