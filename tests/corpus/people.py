"""People who upload the files of a run and decode the results."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import Any

from tests.corpus import sound
from tests.corpus.corpus import File
from tests.support.person import Person
from tests.support.sound import seconds_of
from tests.support.stacks import RunningStack

EACH = 20  # files of a person, one after the other
AT_ONCE = 6
WITHIN = 1000  # seconds until a job's end: more than ffmpeg may take


@dataclass(frozen=True)
class Outcome:
    """The outcome of a file: `end` is `done`, a reason's code, `refused` for a 4xx answer, or `none`.

    `there` are the seconds of sound that bare ffmpeg decodes, `stated` those that the job states, `heard` those
    of the decoded MP3; `job` is empty where the upload was rejected. `took` is in seconds too.
    """

    file: File
    end: str
    there: float
    stated: float = 0
    heard: float = 0
    job: str = ""
    message: str = ""
    took: float = 0


def bring(stack: RunningStack, files: Sequence[File]) -> list[Outcome]:
    """Upload all files, several people at once, and return the outcome of each."""

    def one_after_the_other(begin: int) -> list[Outcome]:
        person = Person(stack.url, stack.mail)
        return [_outcome(person, file) for file in files[begin : begin + EACH]]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(chain.from_iterable(pool.map(one_after_the_other, range(0, len(files), EACH))))


def _outcome(person: Person, file: File) -> Outcome:
    began = time.monotonic()
    with file.path.open("rb") as body:
        answer = person.call("PUT", "/upload", params={"name": file.path.name}, data=body)
    there = sound.seconds(file.path)
    if answer.status_code != 202:
        return Outcome(file, "refused" if 400 <= answer.status_code < 500 else "none", there, message=answer.text)
    job = str(answer.json()["id"])
    try:
        found = person.finished(job, WITHIN)
    except AssertionError:
        return Outcome(file, "none", there, job=job)
    took = time.monotonic() - began
    if reason := found["reason"]:
        return Outcome(file, str(reason["code"]), there, job=job, message=str(reason["message"]), took=took)
    return Outcome(file, "done", there, float(found["mp3"]["duration"]), _heard(person, found["mp3"]), job, took=took)


def _heard(person: Person, mp3: dict[str, Any]) -> float:
    """Return the length of the decoded MP3 in seconds; -1 if it is cut off or does not decode without an error."""
    download = person.call("GET", f"/download/{mp3['id']}")
    try:
        return seconds_of(download.content) if len(download.content) == mp3["size"] else -1
    except AssertionError:
        return -1
