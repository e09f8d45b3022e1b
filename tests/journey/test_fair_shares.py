"""Conversions are shared by user, not by video."""

from pathlib import Path

from tests.support.clips import ffmpeg
from tests.support.person import Person
from tests.support.stacks import RunningStack
from tests.support.waiting import eventually

LONG, CONVERTERS = 12, 2


def ended(person: Person) -> int:
    jobs = person.call("GET", "/jobs?limit=100").json()["jobs"]
    return sum(job["state"] in {"done", "failed"} for job in jobs)


def noise(folder: Path, seconds: int) -> Path:
    path = folder / f"{seconds}.wav"
    ffmpeg("-f", "lavfi", "-i", f"anoisesrc=duration={seconds}:sample_rate=44100", "-c:a", "pcm_u8", str(path))
    return path


def test_short_clip_waits_for_one_conversion_of_another_user_at_most(stack: RunningStack, tmp_path: Path) -> None:
    """Anna has twelve long conversions in the queue: Berta's clip is next, and all of Anna's still end, once each."""
    anna, berta = Person(stack.url, stack.mail), Person(stack.url, stack.mail)
    long, short = noise(tmp_path, 300), noise(tmp_path, 1)
    jobs = [anna.upload(long, f"{number}.wav") for number in range(LONG)]
    eventually(lambda: any(anna.job(job)["state"] == "converting" for job in jobs), what="a conversion of Anna's")
    clip = berta.upload(short)
    before = ended(anna)
    assert LONG - before > 2 * CONVERTERS, "Anna's videos are too short for this test"
    assert berta.finished(clip)["state"] == "done"
    assert ended(anna) - before <= CONVERTERS  # those that had begun before
    assert {anna.finished(job, 120)["state"] for job in jobs} == {"done"}
    eventually(lambda: len(anna.mails()) == LONG, 30, "a mail for each of Anna's videos")
    assert len(berta.mails()) == 1
