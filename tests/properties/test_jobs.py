"""The life of jobs under whatever order of steps, deaths and waits that there can be."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from bson import ObjectId
from cloudevents.http import CloudEvent
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.uri_parser import parse_uri
from werkzeug.exceptions import ServiceUnavailable
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from functions.convert import conversion
from functions.shared.events import VIDEO_UPLOADED
from functions.shared.jobs import OPEN, State
from functions.shared.mails import Outcome
from functions.shared.mongo import Document
from infra.mongodb.setup import RIGHTS, make_indexes, make_user
from scripts.local.secrets import Secrets
from tests.integration.media.callers import Caller, newcomer
from tests.properties.actor import Actor, Fate
from tests.properties.witness import COLLECTIONS, Answer, Run, Witness
from tests.properties.world import Clock, Functions, Surroundings
from tests.stacks import Server

# How many of a function work at once, and how many seconds its calls may take before they are cut off.
CAST = {
    "upload": (2, 3600),
    "convert": (3, 600),
    "notify": (3, 50),  # its lease has 60
    "download": (1, 60),
    "sweep": (2, 300),
    "replay": (1, 60),
}
JOBS = 6
UNFINISHED = 2  # at once: few, so that much happens to each
WAITS = [1, 31, 61, 130]  # seconds: the leases are over, and the back-offs
LONG_WAITS = [1000, 4000, 25 * 3600, 8 * 86400]  # likewise: calls are over, mails are abandoned, jobs expire
AT_ONCE = st.integers(0, 12)  # steps that a call takes before anybody else does anything
FATES = st.sampled_from([Fate.GOOD] * 4 + [Fate.BAD, Fate.AWAY])
QUIET = 12  # rounds of 700 s in which everything ends: a mail's back-off is an hour at most
Call = Callable[[Any], object]
PING = CloudEvent({"type": "dev.knative.sources.ping", "source": "/tests"})


def one_in(number: int) -> st.SearchStrategy[bool]:
    """Return what is seldom true; neither end of a range is, which hypothesis draws more often."""
    return st.integers(0, 4 * number - 1).map(lambda drawn: drawn % number == number // 2)


class Stage:
    """What all examples share: the actors, ready to play, and the store."""

    def __init__(
        self,
        database: Database[Document],
        functions: Functions,
        people: list[Caller],
        clock: Clock,
        heard: Surroundings,
    ) -> None:
        self.database, self.people, self.clock, self.heard = database, people, clock, heard
        self.actors: dict[str, list[tuple[Actor, Any]]] = {}
        for function, (count, _) in CAST.items():
            actors = [Actor() for _ in range(count)]
            self.actors[function] = [(actor, getattr(functions, function)(actor)) for actor in actors]
        self.counts: Counter[str] = Counter()

    def clear(self) -> None:
        for name in COLLECTIONS:
            self.database[name].delete_many({})
        self.heard.forget()
        self.clock.ahead = timedelta()


class JobsMachine(RuleBasedStateMachine):
    stage: Stage

    def __init__(self) -> None:
        super().__init__()
        stage = self.stage
        self._heard, self._clock = stage.heard, stage.clock
        stage.clear()
        stage.counts["examples"] += 1
        self._witness = Witness(stage.database, self._clock, self._heard)
        self._runs: list[Run] = []
        self._uploads = 0
        self._sound = True

    # What people and the world do.

    @precondition(lambda self: len(self._witness.jobs) < JOBS and len(self._unfinished()) < UNFINISHED)
    @rule(person=st.integers(0, 1), key=st.sampled_from([None, "a", "b"]), steps=AT_ONCE, fate=FATES)
    def upload(self, person: int, key: str | None, steps: int, fate: Fate) -> None:
        """Somebody uploads a video that nobody else has, with a key that may have been used before."""
        self._uploads += 1
        caller, name = self.stage.people[person], f"{self._uploads}.mp4"
        headers = caller.headers | ({"Idempotency-Key": key} if key else {})
        query = {"name": name}
        builder = EnvironBuilder(
            "/upload", method="PUT", query_string=query, data=name.encode(), headers=[*headers.items()]
        )
        request = Request(builder.get_environ())

        def call(main: Any) -> Answer:
            with main.receive(request) as response:
                return Answer(response.status_code, response.get_data())

        self._begin(steps, fate, "upload", None, call)

    @precondition(lambda self: self._heard.events)
    @rule(which=st.integers(0, 5), late=one_in(8), steps=AT_ONCE, fate=FATES)
    def deliver(self, which: int, late: bool, steps: int, fate: Fate) -> None:  # noqa: FBT001
        """The broker delivers an event that it has lately heard, once more or for the first time, seldom in vain."""
        events = list(self._heard.events.values())
        unfinished = [event for event in events if ObjectId(event["subject"]) in self._unfinished()]
        if unfinished and not late:
            events = unfinished
        function, job, call = self._delivery(events[-1 - which % len(events)])
        self._begin(steps, fate, function, job, call)

    @precondition(lambda self: self._witness.jobs)
    @rule(which=st.integers(0, JOBS - 1), steps=AT_ONCE, seldom=one_in(4))
    def delete(self, which: int, steps: int, seldom: bool) -> None:  # noqa: FBT001
        if not seldom:
            return
        job = self._job(which)
        owner = next(person for person in self.stage.people if person.user == job["owner"])
        builder = EnvironBuilder(f"/jobs/{job['_id']}", method="DELETE", headers=[*owner.headers.items()])
        request = Request(builder.get_environ())

        def call(main: Any) -> Answer:
            with main.download(request) as response:
                return Answer(response.status_code, response.get_data())

        self._begin(steps, Fate.GOOD, "download", job["_id"], call)

    @precondition(lambda self: self._witness.jobs)
    @rule(which=st.integers(0, JOBS - 1), steps=AT_ONCE, seldom=one_in(4))
    def replay(self, which: int, steps: int, seldom: bool) -> None:  # noqa: FBT001
        if not seldom:
            return
        job = self._job(which)["_id"]
        self._begin(steps, Fate.GOOD, "replay", job, lambda replay: replay.renew(str(job)))

    @rule(steps=AT_ONCE, fate=FATES)
    def tick(self, steps: int, fate: Fate) -> None:
        self._begin(steps, fate, "sweep", None, lambda main: main.sweep(PING))

    @rule(seconds=st.sampled_from(WAITS))
    def wait(self, seconds: int) -> None:
        """Time passes; what takes longer than it may is cut off."""
        self._wait(timedelta(seconds=seconds))

    @rule(seconds=st.sampled_from(LONG_WAITS), seldom=one_in(8))
    def wait_long(self, seconds: int, seldom: bool) -> None:  # noqa: FBT001
        if seldom:
            self._wait(timedelta(seconds=seconds))

    # What the functions do meanwhile.

    @precondition(lambda self: self._runs)
    @rule(who=st.integers(0, 11), steps=st.integers(1, 3), fate=FATES)
    def go(self, who: int, steps: int, fate: Fate) -> None:
        self._go(self._runs[who % len(self._runs)], steps, fate)

    @precondition(lambda self: self._runs)
    @rule(who=st.integers(0, 11), steps=st.integers(4, 30))
    def go_far(self, who: int, steps: int) -> None:
        self._go(self._runs[who % len(self._runs)], steps, Fate.GOOD)

    @precondition(lambda self: self._events_at_work())
    @rule(which=st.integers(0, 11), dies=one_in(3), seconds=st.sampled_from(WAITS), steps=AT_ONCE, fate=FATES)
    def deliver_again(self, which: int, dies: bool, seconds: int, steps: int, fate: Fate) -> None:  # noqa: FBT001
        """A call dies or is slow, and what it is about comes to another when its lease may be over."""
        runs = list(self._events_at_work())
        run = runs[which % len(runs)]
        event = self._events_at_work()[run]
        if dies:
            self._kill(run)
        self._wait(timedelta(seconds=seconds))
        function, job, call = self._delivery(event)
        self._begin(steps, fate, function, job, call)

    @precondition(lambda self: self._runs)
    @rule(who=st.integers(0, 11))
    def crash(self, who: int) -> None:
        self._kill(self._runs[who % len(self._runs)])

    @rule(seldom=one_in(16))
    def rest(self, seldom: bool) -> None:  # noqa: FBT001
        """Nobody asks for anything more, for once, and no fault befalls anybody."""
        if seldom:
            self._rest()

    def teardown(self) -> None:
        """After all of it every job ends, and at last nothing is left."""
        try:
            if self._sound:
                self._rest()
                self._wait(timedelta(days=8))
                self._sweep()
                assert not self._witness.jobs
                assert not self._witness.videos.ids
                assert not self._witness.mp3s.ids
        finally:
            for run in self._runs:
                run.actor.kill()

    def _rest(self) -> None:
        while self._runs:
            self._go(self._runs[0], 1000, Fate.GOOD)
        self._heard.events.clear()  # all that was told so far is lost
        for _ in range(QUIET):
            self._wait(timedelta(seconds=700))
            self._sweep()
            while self._heard.events:
                _, event = self._heard.events.popitem()
                self._finish(self._start(*self._delivery(event)))
            if not self._unfinished():
                break
        else:
            self._fail("every job ends, and its owner is told")
        self._wait(timedelta(days=1, hours=1))
        self._sweep()
        jobs = self._witness.jobs.values()
        self._holds(
            self._witness.mp3s.ids == {job["mp3"]["id"] for job in jobs if job["state"] == State.DONE},
            "one MP3 a job that is done, and no other",
        )
        self._holds(
            self._witness.videos.ids <= {job["_id"] for job in jobs if job["state"] == State.FAILED},
            "no video but of a job that may need it",
        )
        self.stage.counts["rests"] += 1

    def _events_at_work(self) -> dict[Run, CloudEvent]:
        """Return the calls that an event began which may be delivered again."""
        events: dict[tuple[str, ObjectId | None], CloudEvent] = {}
        for event in self._heard.events.values():
            function, job, _ = self._delivery(event)
            events[function, job] = event
        at_work = {run: events.get((run.function, run.job)) for run in self._runs}
        return {run: event for run, event in at_work.items() if event}

    def _unfinished(self) -> set[ObjectId]:
        """Return the jobs that have not ended, or whose owner has not been told."""
        jobs = self._witness.jobs.items()
        return {n for n, job in jobs if job["state"] in OPEN or job["mail"]["outcome"] == Outcome.PENDING}

    def _job(self, which: int) -> Document:
        jobs = list(self._witness.jobs.values())
        return jobs[which % len(jobs)]

    def _delivery(self, event: CloudEvent) -> tuple[str, ObjectId, Call]:
        job = ObjectId(event["subject"])
        if event["type"] == VIDEO_UPLOADED:
            return "convert", job, lambda main: main.convert(event)
        return "notify", job, lambda main: main.notify(event)

    def _sweep(self) -> None:
        self._finish(self._start("sweep", None, lambda main: main.sweep(PING)))

    def _begin(self, steps: int, fate: Fate, function: str, job: ObjectId | None, call: Call) -> None:
        if run := self._start(function, job, call):
            self._go(run, steps, fate)

    def _start(self, function: str, job: ObjectId | None, call: Call) -> Run | None:
        """Begin a call, if one of the function's actors is free."""
        longest = timedelta(seconds=CAST[function][1])
        for actor, main in self.stage.actors[function]:
            if not actor.busy:
                run = Run(actor, function, job, self._clock.now(), longest)
                self._runs.append(run)
                actor.start(partial(call, main))
                self.stage.counts[function] += 1
                self._settle(run)
                return run
        return None

    def _finish(self, run: Run | None) -> None:
        assert run, "an actor is free"
        self._go(run, 1000, Fate.GOOD)

    def _go(self, run: Run, steps: int, fate: Fate) -> None:
        self._cut_off()
        for _ in range(steps):
            if run not in self._runs:
                break
            reads = run.actor.reads
            run.actor.step(fate)
            self.stage.counts["steps"] += 1
            if not reads:
                self._judge(lambda: self._witness.look(run))
            self._settle(run)

    def _wait(self, passed: timedelta) -> None:
        self._clock.advance(self.stage.database, passed)
        self._witness.recall()
        self._cut_off()

    def _cut_off(self) -> None:
        for run in list(self._runs):
            if self._clock.now() - run.began > run.longest:
                self._kill(run)

    def _kill(self, run: Run) -> None:
        run.actor.kill()
        self._runs.remove(run)
        self.stage.counts["crashes"] += 1
        self._witness.killed(run)

    def _settle(self, run: Run) -> None:
        """Judge a call that has ended."""
        if run.actor.busy:
            return
        self._runs.remove(run)
        error, result = run.actor.error, run.actor.result
        if error and not isinstance(error, ServiceUnavailable):
            self._sound = False
            raise error
        if isinstance(result, Answer):
            self._holds(result.status in {202, 204, 404}, f"{result}")
        self._judge(lambda: self._witness.ended(run))

    def _judge(self, judge: Callable[[], None]) -> None:
        self._sound = False
        judge()
        self._sound = True

    def _holds(self, holds: bool, what: str) -> None:  # noqa: FBT001
        if not holds:
            self._fail(what)

    def _fail(self, what: str) -> None:
        self._sound = False
        raise AssertionError(what)


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
    scratch = tmp_path_factory.mktemp("scratch")
    env = {
        "JWT_PUBLIC_KEYS": secrets.read("jwt-public", "keys"),
        "K_SINK": "http://broker.example",
        "SMTP_URL": "smtp://mail.example",
        "MAIL_FROM": "video2mp3 <no-reply@example.org>",
        "PUBLIC_URL": "http://video2mp3.example",
        "SCRATCH": str(scratch),
    }
    people = [newcomer("", secrets, 86400) for _ in range(2)]
    clock, heard = Clock(), Surroundings()
    with clock.of_the_functions(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(conversion, "at_most_once_a_second", lambda call: call)  # each beat renews the lease
        stage = Stage(database, Functions(urls, env, scratch, heard), people, clock, heard)
        yield stage
    admin.drop_database("properties")
    print("\n" + ", ".join(f"{count:,} {what}" for what, count in stage.counts.items()))


def test_whatever_happens_in_whatever_order(stage: Stage) -> None:
    """No job is lost or converted twice, no MP3 or mail is doubled, and nothing is left behind."""

    class Machine(JobsMachine):
        pass

    Machine.stage = stage
    run_state_machine_as_test(Machine, settings=settings())
