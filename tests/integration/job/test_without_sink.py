"""convert and sweep before a SinkBinding has injected the broker's address."""

from pathlib import Path

import pytest
from cloudevents.http import CloudEvent

from functions.shared.events import video_uploaded
from tests.support.ingress import deliver
from tests.support.stacks import NO_MYSQL, Server, StartFunction

PING = CloudEvent({"type": "dev.knative.sources.ping", "source": "/apis/v1/namespaces/video2mp3/pingsources/sweep"})


@pytest.mark.parametrize(("function", "event"), [("convert", video_uploaded("0" * 24)), ("sweep", PING)])
def test_function_without_k_sink_starts_and_asks_for_redelivery(
    mongodb: Server, start_function: StartFunction, tmp_path: Path, function: str, event: CloudEvent
) -> None:
    """It answers every event 503 with the reason, so that manifests may be applied in any order."""
    env = {"MONGODB_URL": mongodb.url_of(function), "MYSQL_URL": NO_MYSQL, "SCRATCH": str(tmp_path), "THREADS": "1"}
    url = start_function(function, env)
    for _ in range(2):
        answer = deliver(url, event)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert "K_SINK is not set yet" in answer.text
