"""The limits at their whole size, with figures: `make test-limits-long`, some ten minutes."""

import shutil
import time
from pathlib import Path

import pytest
from bson import ObjectId
from pymongo import MongoClient

from functions.shared.mongo import Document
from functions.upload.video import MAX_VIDEO_BYTES as LIMIT
from scripts.local.secrets import Secrets
from tests.limits.bystander import UPLOAD, Bystander
from tests.limits.crowd import SLOW, WITHIN, Cut, crowd
from tests.limits.half_heads import half_heads
from tests.limits.sending import Growth, announce, put
from tests.limits.video import padded
from tests.support.person import Person
from tests.support.stacks import RunningStack
from tests.support.waiting import eventually

GIB = 1024**3
ROOM = 12 * GIB  # for a stored video, its copy in scratch, and the journal
HEADS = 5000
SECONDS_OF_HEADS = 30  # three times the time after which the gateway ends a half-open head
ADDRESSES = [f"127.0.1.{number}" for number in range(10, 24)]


def beside(stack: RunningStack, addresses: list[str]) -> tuple[Bystander, Bystander, list[Cut]]:
    """Return a bystander of half a minute alone, one beside a crowd of these addresses, and the ends of its uploads."""
    alone, beside = (Bystander(Person(stack.url, stack.mail)) for _ in range(2))
    with alone.at_work():
        time.sleep(30)
    with beside.at_work():
        cuts = crowd(stack, addresses).come()
    return alone, beside, cuts


@pytest.mark.timeout(600)
@pytest.mark.parametrize("addresses", [ADDRESSES[:1], ADDRESSES], ids=["one address", "fourteen addresses"])
def test_crowd_delays_no_other_user(stack: RunningStack, report: dict[str, str], addresses: list[str]) -> None:
    """1000 idle connections and 200 slow uploads: others have proper answers, the slow are cut off within a minute."""
    alone, crowded, cuts = beside(stack, addresses)
    assert (alone.wrong, crowded.wrong) == ([], [])
    assert {cut.status for cut in cuts} <= {408, 429}
    slow = [cut.seconds for cut in cuts if cut.status == 408]
    assert max(slow) < WITHIN
    before, then = alone.milliseconds(), crowded.milliseconds()
    of = f"1000 idle, 200 slow of {len(addresses)} address{'es' if len(addresses) > 1 else ''}"
    report[f"{of}: slow ones cut off, after"] = f"{len(slow)}, {min(slow):.0f} to {max(slow):.0f} s"
    report[f"{of}: refused at once"] = str(SLOW - len(slow))
    report[f"{of}: others' requests, median and p99"] = (
        f"{then[0]:.1f} and {then[1]:.1f} ms; alone {before[0]:.1f} and {before[1]:.1f} ms;"
        f" p99 {then[1] / before[1]:.1f} times"
    )
    longest = max(crowded.seconds[UPLOAD])
    report[f"{of}: longest of others' uploads"] = f"{longest:.1f} s; alone {max(alone.seconds[UPLOAD]):.1f} s"


@pytest.mark.timeout(300)
def test_half_open_heads_of_an_address_delay_no_other_address(stack: RunningStack, report: dict[str, str]) -> None:
    """Beside 5,000 half-open heads, replaced when they end, the 99th percentile of another address at most doubles."""
    alone, beside = (Bystander(Person(stack.url, stack.mail)) for _ in range(2))
    with alone.at_work():
        time.sleep(SECONDS_OF_HEADS)
    with half_heads(stack.url, "127.0.1.30", HEADS), beside.at_work():
        time.sleep(SECONDS_OF_HEADS)
    assert (alone.wrong, beside.wrong) == ([], [])
    before, then = alone.milliseconds(), beside.milliseconds()
    report[f"{HEADS} half-open heads of 1 address: others' requests, median and p99"] = (
        f"{then[0]:.1f} and {then[1]:.1f} ms; alone {before[0]:.1f} and {before[1]:.1f} ms;"
        f" p99 {then[1] / before[1]:.1f} times"
    )
    assert then[1] < 2 * before[1]


@pytest.mark.timeout(900)
def test_four_gibibytes_pass_and_one_byte_more_is_413(
    stack: RunningStack, report: dict[str, str], film_clip: Path, state: Path
) -> None:
    """A video of exactly 4 GiB becomes an MP3; one byte more is 413, announced or not, and leaves nothing."""
    assert shutil.disk_usage(state).free > ROOM, f"this needs {ROOM // GIB} GiB of disk"
    person, growth, clip = Person(stack.url, stack.mail), Growth(), film_clip.read_bytes()
    began = time.monotonic()
    with growth.watched(stack):
        answer = put(person, padded(clip, LIMIT), LIMIT)
    report["upload of exactly 4 GiB"] = f"{answer.status_code}, {LIMIT / (time.monotonic() - began) / 2**20:.0f} MiB/s"
    assert (answer.status_code, answer.json()["size"]) == (202, LIMIT)
    report["gateway and upload grew by, at the most"] = " and ".join(
        f"{mebibytes:.0f} MiB" for mebibytes in growth.mebibytes.values()
    )
    assert all(mebibytes < 64 for mebibytes in growth.mebibytes.values()), growth
    ended = person.finished(answer.json()["id"], 300)
    assert ended["state"] == "done"
    assert ended["mp3"]["duration"] == pytest.approx(5.3, abs=0.1)
    announced, in_chunks = announce(person, LIMIT + 1), put(person, padded(clip, LIMIT + 1), None).status_code
    report["one byte more, announced and in chunks"] = f"{announced} and {in_chunks}"
    assert (announced, in_chunks) == (413, 413)
    assert [job["id"] for job in person.call("GET", "/jobs").json()["jobs"]] == [ended["id"]]
    assert person.call("DELETE", f"/jobs/{ended['id']}").status_code == 204
    with MongoClient[Document](Secrets(stack.secrets).read("mongodb-admin", "url")) as client:
        large = {"files_id": {"$gt": ObjectId(ended["id"])}}
        eventually(lambda: not client["video2mp3"]["videos.chunks"].count_documents(large), 60, "the end of all chunks")
