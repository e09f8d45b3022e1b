"""The functions' calls at work: begun, taken on step by step, cut off, and judged after each step."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from bson import ObjectId
from cloudevents.http import CloudEvent
from pymongo.database import Database
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from functions.shared.events import VIDEO_UPLOADED
from functions.shared.job.conversions import GAVE_UP
from functions.shared.job.deliveries import Outcome
from functions.shared.job.document import OPEN, State
from functions.shared.job.kept import HANDOVER
from functions.shared.mongo import Document
from functions.shared.retry import RetryLater
from functions.shared.server.connection import accepted
from tests.properties.actor import Actor, Fate
from tests.properties.witness import COLLECTIONS, Answer, Run, Witness, video_of
from tests.properties.world import Clock, Functions, Surroundings
from tests.support.callers import Caller

# How many of a function work at once, and how many seconds its calls may take before they are cut off.
CAST = {
    "upload": (2, 3600),
    "convert": (3, 600),
    "notify": (3, 50),  # its lease has 60
    "download": (1, 60),
    "sweep": (2, 300),
    "replay": (1, 60),
}
AGAIN = HANDOVER // timedelta(seconds=1)  # likewise: a few commands, of which each ends within 6 s
QUIET = 12  # rounds of 700 s in which everything ends: a mail's backoff is at most an hour
TO_ITS_END = 1000  # steps, more than any call has


class Uncounted:
    """A connection whose bytes the kernel does not count, so that the minimum data rate does not apply."""

    def getsockopt(self, _level: int, _option: int, size: int) -> bytes:
        return bytes(size)


@dataclass(frozen=True)
class Call:
    """What a function is asked, and about which job, or about all jobs of which owner; perhaps for how many seconds."""

    function: str
    job: ObjectId | None
    ask: Callable[[Any], object]
    owner: str | None = None
    longest: int | None = None

    @classmethod
    def of_event(cls, event: CloudEvent) -> "Call":
        job = ObjectId(event["subject"])
        if event["type"] == VIDEO_UPLOADED:
            return cls("convert", job, lambda converter: converter.convert(job))
        return cls("notify", job, lambda notifier: notifier.notify(job))

    @classmethod
    def to_upload(cls, person: Caller, name: str, key: str | None, keep: int) -> "Call":
        query = {"name": name}
        builder = EnvironBuilder("/upload", method="PUT", query_string=query, data=name.encode())
        return cls("upload", None, _sent(builder, person, key, keep))

    @classmethod
    def to_convert_again(cls, person: Caller, job: ObjectId, key: str | None, keep: int) -> "Call":
        builder = EnvironBuilder(f"/jobs/{job}/again", method="POST", query_string={"quality": "0"})
        return cls("upload", job, _sent(builder, person, key, keep), longest=AGAIN)

    @classmethod
    def to_delete(cls, person: Caller, job: ObjectId) -> "Call":
        builder = EnvironBuilder(f"/jobs/{job}", method="DELETE", headers=[*person.headers.items()])
        request = Request(builder.get_environ())
        return cls("download", job, lambda api: _answer(api.answer(request)))

    @classmethod
    def to_delete_account(cls, person: Caller) -> "Call":
        headers = [*person.headers.items(), ("Account-Deletion", "true")]
        request = Request(EnvironBuilder("/jobs", method="DELETE", headers=headers).get_environ())
        return cls("download", None, lambda api: _answer(api.answer(request)), person.user)

    @classmethod
    def to_replay(cls, job: ObjectId) -> "Call":
        return cls("replay", job, lambda replayer: replayer.replay(str(job)))

    @classmethod
    def to_sweep(cls) -> "Call":
        return cls("sweep", None, lambda sweeper: sweeper.tick())


def _sent(builder: EnvironBuilder, person: Caller, key: str | None, keep: int) -> Callable[[Any], object]:
    """Return what sends the request to an upload that keeps videos for `keep` hours."""
    builder.headers.extend([*person.headers.items(), *([("Idempotency-Key", key)] if key else [])])
    request = Request(builder.get_environ() | {"gunicorn.socket": Uncounted()})

    def send(apis: Any) -> object:
        accepted.set(time.monotonic())
        return _answer(apis[keep].answer(request))

    return send


def _answer(response: Any) -> Answer:
    with response:
        return Answer(response.status_code, response.get_data())


class Stage:
    """What all plays share: the store, and the actors that are ready to work on it."""

    def __init__(
        self,
        store: Database[Document],
        functions: Functions,
        newcomer: Callable[[], Caller],
        clock: Clock,
        heard: Surroundings,
    ) -> None:
        self.store, self.newcomer, self.clock, self.heard = store, newcomer, clock, heard
        self.actors: dict[str, list[tuple[Actor, Any]]] = {}
        for function, (count, _) in CAST.items():
            actors = [Actor() for _ in range(count)]
            self.actors[function] = [(actor, getattr(functions, function)(actor)) for actor in actors]
        self.counts: Counter[str] = Counter()

    def clear(self) -> None:
        for name in (*COLLECTIONS, "quotas", "recipients"):
            self.store[name].delete_many({})
        self.heard.forget()
        self.clock.ahead = timedelta()


class Play:
    """One history, from an empty store on."""

    def __init__(self, stage: Stage) -> None:
        stage.clear()
        self._stage, self._clock, self._counts = stage, stage.clock, stage.counts
        self.heard = stage.heard
        self.witness = Witness(stage.store, stage.clock, stage.heard)
        self.runs: list[Run] = []
        self._last: Run | None = None  # whose step was the last that happened
        self._counts["histories"] += 1

    def begin(self, call: Call) -> Run | None:
        """Begin the call, if one of the function's actors is free; it has not taken a step yet."""
        longest = timedelta(seconds=call.longest or CAST[call.function][1])
        for actor, main in self._stage.actors[call.function]:
            if not actor.busy:
                run = Run(actor, call.function, call.job, call.owner, self._clock.now(), longest)
                self.runs.append(run)
                self._counts[f"{call.function}s"] += 1
                actor.start(partial(call.ask, main))
                self._end(run)
                return run
        return None

    def go(self, run: Run, steps: int, fate: Fate) -> None:
        """Let the call take so many steps, if it has as many."""
        self._cut_off()
        for _ in range(steps):
            if run not in self.runs:
                break
            reads = run.actor.reads
            run.actor.step(fate)
            self._counts["steps"] += 1
            if not reads:
                self.witness.look(run, alone=run is self._last)
            self._last = run
            self._end(run)

    def kill(self, run: Run) -> None:
        run.actor.kill()
        self.runs.remove(run)
        self._counts["crashes"] += 1
        self.witness.killed(run)

    def wait(self, passed: timedelta) -> None:
        """Let time pass; what takes longer than it may is cut off."""
        self._last = None
        self._clock.advance(self._stage.store, passed)
        self.witness.recall()
        self._cut_off()

    def rest(self) -> None:
        """Begin nothing new and let no step fail: every job ends, and nothing else is left."""
        while self.runs:
            self.go(self.runs[0], TO_ITS_END, Fate.GOOD)
        self.heard.events.clear()  # every event that was published so far is lost
        for _ in range(QUIET):
            self.wait(timedelta(seconds=700))
            self._whole(Call.to_sweep())
            while self.heard.events:
                _, event = self.heard.events.popitem()
                self._whole(Call.of_event(event))
            if not self.unfinished():
                break
        assert not self.unfinished(), "every job ends, and its owner is notified"
        assert not self.witness.deleted & {job["owner"] for job in self.witness.jobs.values()}, (
            "no job without an owner"
        )
        self.wait(timedelta(days=1, hours=1))
        self._whole(Call.to_sweep())
        jobs = self.witness.jobs.values()
        mp3s = {job["mp3"]["id"] for job in jobs if job["state"] == State.DONE}
        assert self.witness.mp3s.ids == mp3s, "one MP3 for each job that is done, and no other"
        gave_up = {video_of(job) for job in jobs if job.get("reason", {}).get("code") == GAVE_UP.code}
        assert self.witness.videos.ids <= gave_up, "no video but of a job that may need it"
        self._counts["rests"] += 1

    def outlive(self) -> None:
        """A week later all of it is gone."""
        self.wait(timedelta(days=8))
        self._whole(Call.to_sweep())
        assert not self.witness.jobs
        assert not self.witness.videos.ids
        assert not self.witness.mp3s.ids

    def close(self) -> None:
        for run in self.runs:
            run.actor.kill()

    def unfinished(self) -> set[ObjectId]:
        """Return the jobs that have not ended, or whose owner has not been notified."""
        jobs = self.witness.jobs.items()
        return {n for n, job in jobs if job["state"] in OPEN or job["deliveries"]["mail"]["outcome"] == Outcome.PENDING}

    def _whole(self, call: Call) -> None:
        run = self.begin(call)
        assert run, "at rest an actor is free"
        self.go(run, TO_ITS_END, Fate.GOOD)

    def _cut_off(self) -> None:
        for run in list(self.runs):
            if self._clock.now() - run.began > run.longest:
                self.kill(run)

    def _end(self, run: Run) -> None:
        """Judge the call if it has ended."""
        if run.actor.busy:
            return
        self.runs.remove(run)
        if run.actor.error and not isinstance(run.actor.error, RetryLater):
            raise run.actor.error
        self.witness.ended(run)
