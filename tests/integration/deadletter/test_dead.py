"""What is kept of an event that could not be delivered."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import requests
from cloudevents.http import CloudEvent
from pymongo.database import Database

from functions.deadletter.letters import MAX_LETTER_BYTES, MAX_LETTERS
from functions.shared.events import video_uploaded
from functions.shared.mongo import Document
from scripts.local.ports import HOST, free_port
from tests.support.ingress import deliver
from tests.support.stacks import StartFunction

JOB = "6925c0ffee5eed0fcafe0001"


def dead_event(dest: str = "http://convert.example/") -> CloudEvent:
    event = video_uploaded(JOB)
    event["knativeerrordest"], event["knativeerrorcode"] = dest, "503"
    return event


def test_dead_event_is_kept_with_its_error(deadletter: str, database: Database[Document]) -> None:
    """Attributes, data, destination, code and time of a dead-lettered event are stored."""
    assert deliver(deadletter, dead_event()).status_code == 200
    (kept,) = database["dead"].find()
    assert kept["_id"] == {"id": f"{JOB}.uploaded", "source": "/functions/upload", "dest": "http://convert.example/"}
    assert (kept["type"], kept["subject"], kept["code"]) == ("video2mp3.video.uploaded.v1", JOB, "503")
    assert (kept["count"], kept["first"]) == (1, kept["last"])
    assert timedelta() <= datetime.now(UTC) - kept["last"] < timedelta(seconds=30)
    event = json.loads(kept["event"])
    assert event["data"] == {"job": JOB}
    assert event["knativeerrordest"] == "http://convert.example/"


def test_dead_event_that_comes_again_is_counted(deadletter: str, database: Database[Document]) -> None:
    """Deliveries at the same time make one entry of the event and destination, and another destination its own."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: deliver(deadletter, dead_event()).status_code, range(16)))
    assert answers == [200] * 16
    deliver(deadletter, dead_event("http://other.example/"))
    assert sorted(kept["count"] for kept in database["dead"].find()) == [1, 16]


def test_event_of_any_shape_is_kept(deadletter: str, database: Database[Document]) -> None:
    """Data that is no JSON, numbers and names that the store does not know, and missing extensions are no obstacle."""
    for number, data in enumerate([b"\xff\x00", b'{"$a.b": 1, "big": 123456789012345678901234567890}', b""]):
        headers = {"ce-id": str(number), "ce-source": "/x", "ce-type": "x", "ce-specversion": "1.0"}
        headers["Content-Type"] = "application/json" if number == 1 else "application/octet-stream"
        assert requests.post(deadletter, data=data, headers=headers, timeout=30).status_code == 200
    assert sorted(kept["_id"]["id"] for kept in database["dead"].find()) == ["0", "1", "2"]


def test_too_large_event_is_dropped(deadletter: str, database: Database[Document]) -> None:
    """It is acknowledged, so that the broker does not send it again, and not stored."""
    headers = {"ce-source": "/x", "ce-type": "x", "ce-specversion": "1.0", "Content-Type": "text/plain"}
    for size in (MAX_LETTER_BYTES // 2, MAX_LETTER_BYTES):
        answer = requests.post(deadletter, data=b"x" * size, headers=headers | {"ce-id": str(size)}, timeout=30)
        assert answer.status_code == 200
    assert [kept["_id"]["id"] for kept in database["dead"].find()] == [str(MAX_LETTER_BYTES // 2)]


def test_new_event_beyond_the_number_of_letters_is_dropped(deadletter: str, database: Database[Document]) -> None:
    """One that is stored already is still counted."""
    assert deliver(deadletter, dead_event()).status_code == 200
    database["dead"].insert_many([{"first": datetime.now(UTC)} for _ in range(MAX_LETTERS - 1)])
    for dest in ("http://other.example/", "http://convert.example/"):
        assert deliver(deadletter, dead_event(dest)).status_code == 200
    assert database["dead"].count_documents({}) == MAX_LETTERS
    assert [kept["count"] for kept in database["dead"].find({"count": {"$exists": True}})] == [2]


def test_store_that_is_away_is_503_within_10_seconds(start_function: StartFunction) -> None:
    """Without its store deadletter asks for the event again."""
    env = {"MONGODB_URL": f"mongodb://{HOST}:{free_port()}/video2mp3", "THREADS": "1"}
    deadletter = start_function("deadletter", env)
    began = time.monotonic()
    assert deliver(deadletter, dead_event()).status_code == 503
    assert time.monotonic() - began < 10
