"""The life of jobs in any order of steps, crashes and waits."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import pytest
from bson import ObjectId
from cloudevents.http import CloudEvent
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from pymongo import MongoClient
from pymongo.uri_parser import parse_uri

from functions.shared.events import video_uploaded
from functions.shared.job.document import MAX_TRIES, OPEN
from functions.shared.mongo import Document
from infra.mongodb.setup import RIGHTS, make_indexes, make_user
from scripts.local.secrets import Secrets
from tests.properties.actor import Fate
from tests.properties.play import Call, Play, Stage
from tests.properties.witness import Run
from tests.properties.world import KEEP, Clock, Functions, Surroundings
from tests.support.callers import Caller, with_token
from tests.support.stacks import Server

JOBS = 6
PEOPLE = 2
UNFINISHED = 5  # at once: few, so that much happens to each, but enough for two owners to take turns
KEYS = [None, None, "a", "b"]
LONG_WAITS = [1000, 4000, 25 * 3600, 8 * 86400]  # seconds: calls are over, mails are abandoned, jobs expire
LONGER_THAN_A_LEASE = timedelta(seconds=130)
# What happens next, and how often. It is one rule, as hypothesis leaves out some rules of many in each example.
OFTEN = {
    "deliver": 8,
    "go": 8,
    "overtake": 6,
    "go_far": 4,
    "die_and_deliver": 4,
    "upload": 4,
    "wear_out": 3,
    "wait": 2,
    "tick": 2,
    "crash": 2,
    "again": 3,
    "delete": 2,
    "delete_account": 1,
    "replay": 2,
    "wait_long": 1,
    "rest": 1,
}


@dataclass(frozen=True)
class Chance:
    """What else is drawn: which job, event or call, how many of its steps at once, with what fate, after how long."""

    which: int
    steps: int
    fate: Fate
    seconds: int


CHANCES = st.builds(
    Chance,
    which=st.integers(0, 11),
    steps=st.integers(0, 12),
    fate=st.sampled_from([Fate.GOOD] * 4 + [Fate.BAD, Fate.AWAY]),
    seconds=st.sampled_from([1, 10, 31, 31, 61, 130]),  # before and after the leases and back-offs
)


class JobsMachine(RuleBasedStateMachine):
    stage: Stage

    def __init__(self) -> None:
        super().__init__()
        self._play = Play(self.stage)
        self._people = [self.stage.newcomer() for _ in range(PEOPLE)]  # those at the end have an account
        self._uploads = 0
        self._sound = True

    @rule(what=st.sampled_from([name for name, times in OFTEN.items() for _ in range(times)]), chance=CHANCES)
    def happens(self, what: str, chance: Chance) -> None:
        self._sound = False
        getattr(self, f"_{what}")(chance)
        self._sound = True

    def teardown(self) -> None:
        try:
            if self._sound:
                self._play.rest()
                self._play.outlive()
        finally:
            self._play.close()

    def _upload(self, chance: Chance) -> None:
        """A person uploads a new video, perhaps with a key that was used before."""
        if len(self._play.witness.jobs) < JOBS and len(self._play.unfinished()) < UNFINISHED:
            self._uploads += 1
            person, keep = self._people[-1 - chance.which % PEOPLE], KEEP[self._uploads % len(KEEP)]
            self._begin(Call.to_upload(person, f"{self._uploads}.mp4", self._key(chance), keep), chance)

    def _again(self, chance: Chance) -> None:
        """A person has a video converted again, whether or not it is stored, perhaps with a key used before."""
        few = len(self._play.witness.jobs) < JOBS and len(self._play.unfinished()) < UNFINISHED
        if few and (job := self._job(chance)):
            keep = KEEP[chance.which % len(KEEP)]
            self._begin(Call.to_convert_again(self._owner(job), job["_id"], self._key(chance), keep), chance)

    def _deliver(self, chance: Chance) -> None:
        """The broker delivers a recent event, for the first time or again, mostly of an unfinished job."""
        events = list(self._play.heard.events.values())
        unfinished = [event for event in events if ObjectId(event["subject"]) in self._play.unfinished()]
        if among := unfinished if unfinished and chance.which else events:
            self._begin(Call.of_event(among[-1 - chance.which % len(among)]), chance)

    def _overtake(self, chance: Chance) -> None:
        """A call is slow, and its event is redelivered to another actor when the lease may have expired."""
        if at_work := self._at_work():
            _, event = at_work[chance.which % len(at_work)]
            self._wait(chance)
            self._begin(Call.of_event(event), chance)

    def _die_and_deliver(self, chance: Chance) -> None:
        """The same with a call that was killed."""
        if at_work := self._at_work():
            run, event = at_work[chance.which % len(at_work)]
            self._play.kill(run)
            self._wait(chance)
            self._begin(Call.of_event(event), chance)

    def _wear_out(self, chance: Chance) -> None:
        """The converters of a job are killed or fail, until none of its attempts is left."""
        numbers = [number for number, job in self._play.witness.jobs.items() if job["state"] in OPEN]
        if not numbers:
            return
        event = video_uploaded(str(numbers[chance.which % len(numbers)]))
        for _ in range(MAX_TRIES):
            if run := self._play.begin(Call.of_event(event)):
                self._play.go(run, 1 + chance.steps, Fate.AWAY)
                if run in self._play.runs:
                    self._play.kill(run)
            self._play.wait(LONGER_THAN_A_LEASE)

    def _delete(self, chance: Chance) -> None:
        if job := self._job(chance):
            self._begin(Call.to_delete(self._owner(job), job["_id"]), chance)

    def _delete_account(self, chance: Chance) -> None:
        """A person deletes the account, perhaps during an upload, and another one comes."""
        self._begin(Call.to_delete_account(self._people[-1 - chance.which % PEOPLE]), chance)
        self._people.append(self.stage.newcomer())

    def _replay(self, chance: Chance) -> None:
        if job := self._job(chance):
            self._begin(Call.to_replay(job["_id"]), chance)

    def _tick(self, chance: Chance) -> None:
        self._begin(Call.to_sweep(), chance)

    def _wait(self, chance: Chance) -> None:
        self._play.wait(timedelta(seconds=chance.seconds))

    def _wait_long(self, chance: Chance) -> None:
        self._play.wait(timedelta(seconds=LONG_WAITS[chance.which % len(LONG_WAITS)]))

    def _go(self, chance: Chance) -> None:
        if run := self._run(chance):
            self._play.go(run, 1 + chance.steps % 3, chance.fate)

    def _go_far(self, chance: Chance) -> None:
        if run := self._run(chance):
            self._play.go(run, 4 + chance.steps, chance.fate)

    def _crash(self, chance: Chance) -> None:
        if run := self._run(chance):
            self._play.kill(run)

    def _rest(self, _chance: Chance) -> None:
        self._play.rest()

    def _begin(self, call: Call, chance: Chance) -> None:
        if run := self._play.begin(call):
            self._play.go(run, chance.steps, chance.fate)

    def _run(self, chance: Chance) -> Run | None:
        runs = self._play.runs
        return runs[chance.which % len(runs)] if runs else None

    def _job(self, chance: Chance) -> Document | None:
        jobs = list(self._play.witness.jobs.values())
        return jobs[chance.which % len(jobs)] if jobs else None

    def _owner(self, job: Document) -> Caller:
        return next(person for person in self._people if person.user == job["owner"])

    def _key(self, chance: Chance) -> str | None:
        return KEYS[chance.which // 2 % len(KEYS)]

    def _at_work(self) -> list[tuple[Run, CloudEvent]]:
        """Return the calls that an event began, each with its event."""
        events = [(Call.of_event(event), event) for event in self._play.heard.events.values()]
        return [
            (run, event)
            for run in self._play.runs
            for call, event in events
            if (call.function, call.job) == (run.function, run.job)
        ]


@pytest.fixture(scope="module")
def stage(mongodb: Server, secrets: Secrets, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The functions with their users' rights on a database of their own."""
    admin: MongoClient[Document] = MongoClient(mongodb.url, tz_aware=True)
    database = admin["properties"]
    make_indexes(database)
    urls = {}
    for role in RIGHTS:
        user = parse_uri(mongodb.url_of(role))
        make_user(database, role, user["username"], user["password"])
        urls[role] = mongodb.url_of(role).replace("/video2mp3", "/properties")
    keys = secrets.read("jwt-public", "keys")
    newcomers = partial(with_token, "", secrets, 86400)
    clock, heard = Clock(), Surroundings()
    with clock.of_the_functions():
        stage = Stage(
            database, Functions(urls, keys, tmp_path_factory.mktemp("scratch"), heard), newcomers, clock, heard
        )
        yield stage
    admin.drop_database("properties")
    print("\n" + ", ".join(f"{count:,} {what}" for what, count in stage.counts.items()))


def test_any_order_of_steps_and_crashes_keeps_every_rule(stage: Stage) -> None:
    """No job is lost or converted twice, no MP3 or mail is duplicated, and nothing is left behind."""

    class Machine(JobsMachine):
        pass

    Machine.stage = stage
    run_state_machine_as_test(Machine, settings=settings())
