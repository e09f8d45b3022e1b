"""Sends a hostile file through the whole product, by the gateway, and checks the outcome."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from mutagen.id3 import ID3, ID3NoHeaderError

from functions.convert.id3 import MAX_CHAPTERS, MAX_COVER_BYTES
from functions.convert.tags import MAX_TAG_CHARACTERS
from tests.hostile import watch
from tests.hostile.canary import Canary, marked, sings
from tests.hostile.case import Case
from tests.hostile.watch import Watch
from tests.support.person import Person
from tests.support.processes import tree
from tests.support.stacks import RunningStack

WITHIN = 150  # seconds until a job has ended
MEMORY = 512 << 20  # bytes of convert with its children: its pod's limit
SIGNATURES = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n"}
UPLOADS = 8  # of a person, below the rate limit


@dataclass(frozen=True)
class Outcome:
    """`end`: `done`, `refused` or a reason's code; `seconds` until then, `peak` in bytes."""

    end: str
    seconds: float
    peak: int


class Product:
    """The whole system and the canary."""

    def __init__(self, stack: RunningStack, canary: Canary) -> None:
        self._stack = stack
        self._canary = canary
        self._uploads = 0

    def take(self, case: Case) -> Outcome:
        """Upload the case's file, wait for its end, and check that it reached nothing and exceeded no limit."""
        convert = self._stack.pids()["convert"]
        before = self._workers(convert)
        content, name = case.make(self._canary), self._canary.filled(case.name)
        person = self._person()
        with Watch(convert) as seen:
            began = time.monotonic()
            answer = person.call("PUT", "/upload", params={"name": name} | case.options, data=content)
            if answer.status_code == 202:
                job = person.finished(str(answer.json()["id"]), WITHIN)
                end = str(job["reason"]["code"] if job["reason"] else job["state"])
                said = json.dumps(job)
            else:
                assert 400 <= answer.status_code < 500, answer.text
                job, end, said = None, "refused", answer.text
            seconds = time.monotonic() - began
        assert end in case.ends, (end, said)
        assert not marked(said.encode())
        if job and job["mp3"]:
            self._listen_to(person, job["mp3"], case)
        assert not self._canary.touched
        assert not seen.sockets
        assert seen.highest < MEMORY
        assert seconds < WITHIN
        assert (self._stack.pids()["convert"], self._workers(convert)) == (convert, before)
        return Outcome(end, seconds, seen.highest)

    def _listen_to(self, person: Person, mp3: dict[str, object], case: Case) -> None:
        """Check that the MP3 has its stated length, and neither mark nor tone of the canary."""
        assert 0 < float(str(mp3["duration"])) <= case.seconds
        download = person.call("GET", f"/download/{mp3['id']}")
        assert download.status_code == 200
        assert len(download.content) == mp3["size"]
        assert not marked(download.content)
        assert not marked(str(download.headers).encode())
        assert not sings(download.content)
        _check_tag(download.content, float(str(mp3["duration"])))

    def _person(self) -> Person:
        if self._uploads % UPLOADS == 0:
            self._whom = Person(self._stack.url, self._stack.mail)
        self._uploads += 1
        return self._whom

    def _workers(self, convert: int) -> set[int]:
        return {pid for pid in tree(convert) if (name := watch.name(pid)) and not name.startswith("ffmpeg")}


def _check_tag(mp3: bytes, seconds: float) -> None:
    """Check that the tag is one that may be, whatever the file has."""
    try:
        tag = ID3(BytesIO(mp3))
    except ID3NoHeaderError:
        return
    pictures, chapters = tag.getall("APIC"), tag.getall("CHAP")
    assert len(pictures) <= 1
    assert all(one.data.startswith(SIGNATURES[one.mime]) and len(one.data) <= MAX_COVER_BYTES for one in pictures)
    assert len(chapters) <= MAX_CHAPTERS
    assert all(0 <= one.start_time < one.end_time <= round(seconds * 1000) + 1 for one in chapters)
    texts = [str(text) for one in (tag, *(chapter.sub_frames for chapter in chapters)) for text in _texts(one)]
    assert all(len(text) <= MAX_TAG_CHARACTERS for text in texts)


def _texts(tag: Mapping[str, Any]) -> list[Any]:
    return [frame for frame in tag.values() if frame.FrameID[0] == "T" or frame.FrameID == "COMM"]
