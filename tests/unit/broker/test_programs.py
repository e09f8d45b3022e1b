from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.local.broker.programs import programs
from scripts.local.program import Program

EVENTING = Path(__file__).parents[3] / "eventing"
SERVICES = {
    name: f"http://127.0.0.1:{port}" for port, name in enumerate(("convert", "notify", "sweep", "deadletter"), 9001)
}
AMQP = "amqp://u:p@127.0.0.1:5672/"


def by_name(eventing: Path) -> dict[str, Program]:
    return {program.name: program for program in programs(eventing, SERVICES, AMQP, 9000)}


def test_project_needs_one_program_a_part() -> None:
    """One ingress, one dispatcher a trigger, one for the broker's dead letters, one timer."""
    assert list(by_name(EVENTING)) == [
        "default-broker-ingress",
        "default-dlq-dispatcher",
        "convert-on-video-uploaded-dispatcher",
        "notify-on-audio-converted-dispatcher",
        "notify-on-conversion-failed-dispatcher",
        "notify-on-video-uploaded-dispatcher",
        "sweep-pingsource",
    ]


def test_dispatcher_is_told_the_brokers_delivery() -> None:
    """A trigger without delivery has the broker's retries, back-off and dead-letter exchange."""
    env = by_name(EVENTING)["convert-on-video-uploaded-dispatcher"].env
    assert (
        env.items()
        >= {
            "SUBSCRIBER": "http://127.0.0.1:9001",
            "BROKER_INGRESS_URL": "http://127.0.0.1:9000/",
            "RABBIT_URL": AMQP,
            "PARALLELISM": "2",
            "RETRY": "5",
            "BACKOFF_POLICY": "exponential",
            "BACKOFF_DELAY": "200ms",
        }.items()
    )
    assert env["DLX_NAME"].startswith("b.video2mp3.default.dlx.")


def test_dead_letter_dispatcher_serves_the_sink() -> None:
    """The dead-letter queue goes to the sink, without a dead-letter exchange of its own."""
    env = by_name(EVENTING)["default-dlq-dispatcher"].env
    assert (env["SUBSCRIBER"], env["DLX"]) == ("http://127.0.0.1:9004", "true")
    assert "DLX_NAME" not in env


def test_ingress_says_where_it_listens() -> None:
    """The ingress's address is for people and for SinkBindings."""
    assert by_name(EVENTING)["default-broker-ingress"].address == "http://127.0.0.1:9000/"


def test_unknown_service_is_refused() -> None:
    """A destination that is no service is an error that names it."""
    with pytest.raises(ValueError, match="Service deadletter is no destination"):
        programs(EVENTING, {}, AMQP, 9000)


@pytest.mark.parametrize(
    ("delivery", "expected"),
    [
        ({}, {"RETRY": "5", "DLX_NAME": ""}),
        ({"retry": 0, "timeout": "PT1S"}, {"RETRY": "0", "TIMEOUT": "1000ms", "DLX_NAME": ""}),
    ],
)
def test_triggers_delivery_counts_wholly(tmp_path: Path, delivery: dict[str, Any], expected: dict[str, str]) -> None:
    """A trigger's delivery without a sink means no dead letters; without retry it means five."""
    env = _trigger_env(tmp_path, {"delivery": delivery})
    assert env.items() >= expected.items()


def test_without_any_delivery_nothing_is_retried(tmp_path: Path) -> None:
    """No delivery at all: no retries, and the name of an exchange that nobody declared."""
    env = _trigger_env(tmp_path, {})
    assert "RETRY" not in env
    assert ".dlx." in env["DLX_NAME"]


def test_back_off_that_counts_as_none_is_refused(tmp_path: Path) -> None:
    """A back-off below a tenth of a second becomes zero, at which Knative's dispatcher panics: the laptop says so."""
    with pytest.raises(ValueError, match="backoffDelay"):
        _trigger_env(tmp_path, {"delivery": {"backoffDelay": "PT0.09S"}})


def _trigger_env(folder: Path, spec: dict[str, Any]) -> dict[str, str]:
    """Return the dispatcher's environment for a trigger of a broker without delivery."""
    (folder / "config.yaml").write_text((EVENTING / "brokerconfig.yaml").read_text())
    broker = yaml.safe_load((EVENTING / "broker.yaml").read_text())
    del broker["spec"]["delivery"]
    (folder / "broker.yaml").write_text(yaml.safe_dump(broker))
    trigger = yaml.safe_load((EVENTING / "trigger-convert-on-video-uploaded.yaml").read_text())
    trigger["spec"] |= spec
    (folder / "trigger.yaml").write_text(yaml.safe_dump(trigger))
    return by_name(folder)["convert-on-video-uploaded-dispatcher"].env
