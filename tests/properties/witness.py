"""The rules that the store has to obey after every step of any actor."""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from operator import itemgetter

from bson import ObjectId
from pymongo.database import Database

from functions.shared.job.conversions import GAVE_UP
from functions.shared.job.deliveries import GIVE_UP_AFTER, Channel, Outcome
from functions.shared.job.document import FINAL, MAX_TRIES, OPEN, State
from functions.shared.job.kept import HANDOVER
from functions.shared.mongo import Document
from tests.properties.actor import Actor
from tests.properties.world import RETENTION, Clock, Surroundings

COLLECTIONS = ["jobs", "owners", "videos.files", "videos.chunks", "mp3s.files", "mp3s.chunks"]


def _all_of(collection: str) -> Document:
    return {"$project": {"_id": 0, "from": {"$literal": collection}, "is": "$$ROOT"}}


# All that there is in one command: it is asked for after each step.
EVERYTHING: list[Document] = [
    _all_of(COLLECTIONS[0]),
    *({"$unionWith": {"coll": name, "pipeline": [_all_of(name)]}} for name in COLLECTIONS[1:]),
]


@dataclass(frozen=True)
class Answer:
    """What an HTTP function answered."""

    status: int
    body: bytes


@dataclass(eq=False)
class Run:
    """One call of a function: which function, about which job or owner, since when, how long it may take.

    Filled as it goes: the attempt that it claimed, the files that it stored, and the mail that it has sent but not yet
    recorded.
    """

    actor: Actor
    function: str
    job: ObjectId | None
    owner: str | None
    began: datetime
    longest: timedelta
    attempt: str | None = None
    files: set[ObjectId] = field(default_factory=set)
    unnoted: tuple[ObjectId, str] | None = None


@dataclass
class Shelf:
    """One bucket as it is: each file's length, and each file's bytes as far as there are chunks."""

    files: dict[ObjectId, int]
    bytes: dict[ObjectId, bytes]

    @classmethod
    def of(cls, files: list[Document], chunks: list[Document]) -> "Shelf":
        content: dict[ObjectId, bytes] = {}
        for chunk in sorted(chunks, key=itemgetter("n")):
            content[chunk["files_id"]] = content.get(chunk["files_id"], b"") + chunk["data"]
        return cls({file["_id"]: file["length"] for file in files}, content)

    def whole(self, file: ObjectId) -> bool:
        return file in self.files and len(self.bytes.get(file, b"")) == self.files[file]

    @property
    def ids(self) -> set[ObjectId]:
        """All under which there is anything."""
        return {*self.files, *self.bytes}


class Witness:
    """Remembers the former state of the store, and asserts that each change of it is allowed."""

    def __init__(self, database: Database[Document], clock: Clock, heard: Surroundings) -> None:
        self._database, self._clock, self._heard = database, clock, heard
        self.gone: set[ObjectId] = set()
        self._deleted_by_owner: set[ObjectId] = set()
        self._shared: set[ObjectId] = set()  # videos of which another job was made
        self._too_late: set[ObjectId] = set()  # jobs that were made of a video while its owner deleted it
        self._pointed_at: set[ObjectId] = set()  # MP3s that a job has ever named
        self._again: Counter[tuple[ObjectId, str]] = Counter()  # mails that a crash may repeat
        self._mails = 0
        # The jobs and the deleted owners that the call saw in the step before its last; None if others came between.
        self._seen: tuple[dict[ObjectId, Document], set[str]] | None = None
        self.recall()

    def recall(self) -> None:
        """Remember the store as it is now."""
        found: dict[str, list[Document]] = {name: [] for name in COLLECTIONS}
        for document in self._database["jobs"].aggregate(EVERYTHING):
            found[document["from"]].append(document["is"])
        jobs, owners, *files = found.values()
        self.deleted = {owner["_id"] for owner in owners if "deleted" in owner}
        self.jobs = {job["_id"]: job for job in jobs}
        self.videos, self.mp3s = Shelf.of(*files[:2]), Shelf.of(*files[2:])

    def look(self, run: Run, *, alone: bool) -> None:
        """Judge the step that `run` has just taken, and that may have changed something.

        `alone`: the step before was its own, and no time has passed since.
        """
        jobs, videos, mp3s = self.jobs, self.videos, self.mp3s
        self._seen = (jobs, self.deleted) if alone else None
        self.recall()
        run.files |= (self.videos.ids - videos.ids) | (self.mp3s.ids - mp3s.ids)
        for job in jobs.keys() - self.jobs.keys():
            self._may_go(jobs[job], run)
        for job in self.jobs.keys() - jobs.keys():
            assert run.function == "upload", "only upload makes jobs"
            assert job not in self.gone, "a deleted job does not come back"
            self._has_video_to_come(self.jobs[job], jobs, run)
            self._has_owner(self.jobs[job])
        for job in self.jobs.keys() & jobs.keys():
            if self.jobs[job] != jobs[job]:
                self._may_become(jobs[job], self.jobs[job], run)
        self._files_are_there()
        self._check_repeated_mails(run)

    def killed(self, run: Run) -> None:
        if run.unnoted:  # the only moment at which a crash repeats a mail
            self._again[run.unnoted] += 1

    def ended(self, run: Run) -> None:
        """Judge what a call leaves that ended without being killed."""
        for file in run.files & self.mp3s.ids:
            assert file in self._pointed_at, "a call that could not commit its MP3 deletes it"
        for file in run.files & self.videos.ids:
            assert file in {*self.jobs, *self.gone}, "a call whose video has no job deletes it"
        if isinstance(answer := run.actor.result, Answer):
            no_video = {410} if run.function == "upload" and run.job else set()
            assert answer.status in ({202, 204, 404} | no_video | ({401} if self.deleted else set())), answer
        if isinstance(answer, Answer) and answer.status == HTTPStatus.ACCEPTED:
            job = ObjectId(json.loads(answer.body)["id"])
            assert job in {*self.jobs, *self.gone}, "the job of an accepted upload exists"
        if run.function == "download" and run.job not in self._shared:
            assert run.job not in self.videos.ids, "a deleted job's video goes with it"

    def _may_go(self, job: Document, run: Run) -> None:
        by_owner = run.function == "download" and run.job == job["_id"]
        over = job["state"] in FINAL and "kept" not in job and _is_past(job["finished"], RETENTION)
        expired = run.function == "sweep" and over
        deleted = run.owner == job["owner"] or (run.function == "sweep" and job["owner"] in self.deleted)
        assert by_owner or expired or deleted, "a job is removed only by its owner, or a week after its end"
        self.gone.add(job["_id"])
        if not expired:
            self._deleted_by_owner.add(job["_id"])

    def _may_become(self, was: Document, now: Document, run: Run) -> None:
        for name in ("owner", "email", "name", "size", "key", "created", "video", "keep"):
            assert was.get(name) == now.get(name), f"a job keeps its {name}"
        assert now["tries"] <= MAX_TRIES, "three attempts, no more"
        if run.function == "replay":
            assert run.job == now["_id"], "a replay changes no other job"
            if was["state"] != now["state"] or was["tries"] != now["tries"]:
                self._may_reopen(was, now)
            return
        assert was["tries"] <= now["tries"], "attempts are not forgotten"
        if now.get("attempt") != was.get("attempt") and now.get("attempt"):
            assert run.function == "convert", "only convert claims jobs"
            assert was["state"] in OPEN, "what has ended is not converted again"
            assert now["tries"] == was["tries"] + 1, "the claim counts the attempt"
            assert was["tries"] == 0 or _is_past(was["lease"]), "no attempt begins while another attempt's lease holds"
            self._has_owner(now)
            assert self._seen is None or _is_fair(*self._seen, now["owner"]), (
                "no owner is preferred to one with fewer conversions under way"
            )
            run.attempt = now["attempt"]
        elif was["state"] != now["state"]:
            self._may_end(was, now, run)
        elif was["state"] in FINAL:
            for name in ("mp3", "reason", "finished", "tries"):
                assert was.get(name) == now.get(name), f"an ended job keeps its {name}"
            if was.get("kept") != now.get("kept"):
                assert "kept" not in now, "a video is not kept longer than its job said"
                assert _is_past(was["kept"], HANDOVER), "a video is kept as long as its job said"
            self._mail_may_become(was, now)

    def _may_reopen(self, was: Document, now: Document) -> None:
        waits = was["state"] == State.UPLOADED or (was["state"] == State.CONVERTING and _is_past(was["lease"]))
        gave_up = was["state"] == State.FAILED and was["reason"]["code"] == GAVE_UP.code
        assert waits or gave_up, "a replay reopens only waiting jobs and jobs that gave up"
        assert now["state"] == State.UPLOADED
        assert now["tries"] == 0
        if (
            gave_up
            and was["deliveries"][Channel.MAIL]["outcome"] == Outcome.PENDING
            and was["deliveries"][Channel.MAIL]["tries"]
        ):
            self._again[was["_id"], was["state"]] += 1  # the notifier at work may not know that the end will be another

    def _may_end(self, was: Document, now: Document, run: Run) -> None:
        assert was["state"] in OPEN, "no state goes backwards"
        by_holder = run.attempt is not None and run.attempt == was.get("attempt")
        if now["state"] == State.UPLOADED:
            assert by_holder, "only the lease's holder releases a job"
            return
        over = was["tries"] == MAX_TRIES and _is_past(was["lease"])
        given_up = now["state"] == State.FAILED and now["reason"]["code"] == GAVE_UP.code and over
        if now["state"] == State.DONE:
            self._has_owner(now)
        assert by_holder or given_up, "the lease's holder ends a job, or any converter after three attempts"
        assert ("mp3" in now, "reason" in now) == (now["state"] == State.DONE, now["state"] == State.FAILED)
        assert now["deliveries"][Channel.MAIL]["outcome"] == Outcome.PENDING, "every end is mailed"

    def _mail_may_become(self, was: Document, now: Document) -> None:
        mail, before, after = (
            (now["_id"], now["state"]),
            was["deliveries"][Channel.MAIL]["outcome"],
            now["deliveries"][Channel.MAIL]["outcome"],
        )
        if before == after:
            return
        assert before == Outcome.PENDING, "a mail's outcome stands"
        if after == Outcome.SENT:
            assert self._heard.mails[mail], "no mail is recorded as sent that was not sent"
        elif after == Outcome.BOUNCED:
            assert mail in self._heard.bounced, "no mail is recorded as bounced that was not refused"
        else:
            assert _is_past(now["finished"], GIVE_UP_AFTER), "a mail is tried for a day"

    def _has_video_to_come(self, made: Document, jobs: dict[ObjectId, Document], run: Run) -> None:
        """Judge a new job by the job that it was made of, if it shares that one's video."""
        if "video" not in made:
            return
        assert run.job, "only `again` shares a video"
        self._shared.add(made["video"])
        if of := jobs.get(run.job):
            assert of["owner"] == made["owner"]
            assert video_of(of) == made["video"]
            if run.job in self._too_late:  # it was open, its video deleted with the job that it was made of
                self._too_late.add(made["_id"])
            else:
                assert of["state"] in OPEN or "kept" in of, "a job is made of a video that is still needed"
        else:
            assert run.job in self._deleted_by_owner, "a job does not expire while another is made of it"
            self._too_late.add(made["_id"])

    def _files_are_there(self) -> None:
        for number, job in self.jobs.items():
            if job["state"] in OPEN:
                there = self.videos.whole(video_of(job)) or number in self._too_late
                assert there, "an open job has its video"
            elif "kept" in job:
                there = self.videos.whole(video_of(job)) or number in self._too_late
                assert there, "a job has the video that it keeps"
            if job["state"] == State.DONE:
                mp3 = job["mp3"]["id"]
                self._pointed_at.add(mp3)
                assert self.mp3s.whole(mp3), "a job that is done has its MP3"
                assert self.mp3s.files[mp3] == job["mp3"]["size"]
                assert self.mp3s.bytes[mp3] == b"MP3 of " + job["name"].encode(), "and it was made of its own video"

    def _check_repeated_mails(self, run: Run) -> None:
        run.unnoted = None
        if (count := self._heard.mails.total()) == self._mails:
            return
        self._mails = count
        for mail, times in self._heard.mails.items():
            assert times <= 1 + self._again[mail], (
                "no end is mailed twice, except by a crash before the mail was recorded"
            )
            if mail[0] == run.job:
                run.unnoted = mail
                if mail[0] in self.jobs:
                    self._has_owner(self.jobs[mail[0]])

    def _has_owner(self, job: Document) -> None:
        assert self._seen is None or job["owner"] not in self._seen[1], (
            "no job of a deleted owner is created, claimed, committed or mailed"
        )


def video_of(job: Document) -> ObjectId:
    return ObjectId(job.get("video", job["_id"]))


def _is_past(time: datetime, by: timedelta = timedelta()) -> bool:
    return time + by <= datetime.now(time.tzinfo)


def _is_fair(jobs: dict[ObjectId, Document], deleted: set[str], claimed: str) -> bool:
    """Return whether no owner of a waiting job has fewer conversions under way than the owner `claimed`."""
    running, waiting = Counter[str](), set[str]()
    for job in jobs.values():
        if job["state"] == State.CONVERTING and not _is_past(job["lease"]):
            running[job["owner"]] += 1
        elif job["state"] in OPEN and job["tries"] < MAX_TRIES and (job["tries"] == 0 or _is_past(job["lease"])):
            waiting.add(job["owner"])
    return all(running[claimed] <= running[owner] for owner in waiting - deleted)
