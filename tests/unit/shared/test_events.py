"""The events and their published schemas."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import jsonschema
import pytest
import yaml
from cloudevents.http import CloudEvent

from functions.shared import events
from functions.shared.events import (
    Sink,
    SinkAway,
    account_mail_requested,
    audio_converted,
    conversion_failed,
    video_uploaded,
)
from tests.support.ingress import listening

EVENTING = Path(__file__).parents[3] / "eventing"
JOB, MP3 = "6925c0ffee5eed0fcafe0001", "6925c0ffee5eed0fcafe0002"
LETTER = "6925c0ff-ee5e-4d0f-8afe-000169250001"
EVENTS = [
    video_uploaded(JOB),
    audio_converted(JOB, MP3),
    conversion_failed(JOB, "no_audio"),
    account_mail_requested(LETTER),
]
TYPES = {events.VIDEO_UPLOADED, events.AUDIO_CONVERTED, events.CONVERSION_FAILED, events.ACCOUNT_MAIL_REQUESTED}


def manifests(kind: str) -> list[dict[str, Any]]:
    return [yaml.safe_load(file.read_text()) for file in sorted(EVENTING.glob(f"{kind}-*.yaml"))]


def schema(kind: str) -> dict[str, Any]:
    return dict(json.loads((EVENTING / "schemas" / f"{kind.removeprefix('video2mp3.')}.json").read_text()))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: str(event["type"]))
def test_event_matches_its_schema_and_event_type(event: CloudEvent) -> None:
    """The data validates, and the attributes are those of the EventType."""
    jsonschema.validate(event.data, schema(event["type"]))
    (published,) = [kind for kind in manifests("eventtype") if kind["metadata"]["name"] == event["type"]]
    for attribute in published["spec"]["attributes"]:
        assert event[attribute["name"]] == attribute["value"].replace("{job id}", JOB).replace("{letter id}", LETTER)


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_schema_is_valid_and_has_examples(kind: str) -> None:
    """The examples validate; data with an e-mail address does not."""
    shape = schema(kind)
    jsonschema.Draft202012Validator.check_schema(shape)
    assert shape["examples"]
    for example in shape["examples"]:
        jsonschema.validate(example, shape)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(example | {"email": "owner@people.example"}, shape)


def test_every_trigger_filters_an_existing_type() -> None:
    """Triggers, schemas and EventTypes have exactly the types that functions send."""
    assert {trigger["spec"]["filter"]["attributes"]["type"] for trigger in manifests("trigger")} == TYPES
    assert {kind["metadata"]["name"] for kind in manifests("eventtype")} == TYPES
    assert {f"video2mp3.{file.stem}" for file in EVENTING.glob("schemas/*.json")} == TYPES


def test_republished_event_is_the_same_event() -> None:
    """Id, source, type and subject are derived from the job."""
    names = ("id", "source", "type", "subject")
    first, second = video_uploaded(JOB), video_uploaded(JOB)
    assert [first[name] for name in names] == [second[name] for name in names]


def test_sink_receives_the_event_in_binary_mode() -> None:
    """The received event equals the sent one."""
    with listening() as ear:
        for event in EVENTS:
            Sink(ear.url).send(event)
    assert [(event["id"], event.data) for event in ear.heard] == [(event["id"], event.data) for event in EVENTS]


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_refusing_sink_raises_sink_away(status: int) -> None:
    """Any status except a success means that the event was not accepted."""
    with listening() as ear:
        ear.status = status
        with pytest.raises(SinkAway):
            Sink(ear.url).send(EVENTS[0])


@pytest.mark.parametrize("says", [b"", b"nonsense\r\n\r\n"])
def test_broken_answer_of_the_sink_raises_sink_away(says: bytes) -> None:
    """A closed connection and an answer that is not HTTP count as not accepted."""

    def answer(server: socket.socket) -> None:
        peer, _address = server.accept()
        with closing(peer):
            peer.recv(65536)
            peer.sendall(says)

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        thread = Thread(target=answer, args=(server,))
        thread.start()
        with pytest.raises(SinkAway):
            Sink(f"http://127.0.0.1:{server.getsockname()[1]}").send(EVENTS[0])
        thread.join()


class KeepingBroker(ThreadingHTTPServer):
    """Keeps connections, as the broker's ingress does, unless it `closes` them after an answer without notice."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), KeepingHandler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.connections = self.events = 0
        self.closes = False

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)


class KeepingHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: KeepingBroker

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.events += 1
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.close_connection = self.server.closes

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def keeping_broker() -> Iterator[KeepingBroker]:
    with KeepingBroker() as broker:
        thread = Thread(target=broker.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield broker
        finally:
            broker.shutdown()
            thread.join()


def test_events_share_a_connection() -> None:
    """One event after the other needs one connection."""
    with keeping_broker() as broker:
        sink = Sink(broker.url)
        for event in EVENTS:
            sink.send(event)
        assert (broker.events, broker.connections) == (len(EVENTS), 1)


def test_event_is_sent_again_if_the_broker_has_closed_the_connection() -> None:
    """A broker that restarts, or that closes idle connections, loses no event."""
    with keeping_broker() as broker:
        broker.closes = True
        sink = Sink(broker.url)
        for event in EVENTS:
            sink.send(event)
        assert (broker.events, broker.connections) == (len(EVENTS), len(EVENTS))


def test_idle_connection_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The broker closes it soon, perhaps at that very moment."""
    monkeypatch.setattr(events, "IDLE_SECONDS", 0)
    with keeping_broker() as broker:
        sink = Sink(broker.url)
        for event in EVENTS:
            sink.send(event)
        assert broker.connections == len(EVENTS)
