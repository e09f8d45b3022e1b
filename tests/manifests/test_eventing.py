"""The broker and who hangs on it. References: `test_references.py`; EventTypes and schemas: `tests/unit`."""

import pytest

from functions.shared import events
from tests.manifests.pods import is_function
from tests.manifests.rendering import Manifest, names, of_kind, rendered

TYPES = {events.VIDEO_UPLOADED, events.AUDIO_CONVERTED, events.CONVERSION_FAILED}
PARALLELISM = "rabbitmq.eventing.knative.dev/parallelism"
TELLERS = {"convert", "sweep", "upload"}


def test_every_trigger_waits_for_an_event_that_functions_send(manifests: list[Manifest]) -> None:
    """By its type alone, of the broker that there is; no event is without one."""
    triggers = of_kind(manifests, "Trigger")
    assert {trigger["spec"]["broker"] for trigger in triggers} == names(of_kind(manifests, "Broker"))
    assert all(trigger["spec"]["filter"]["attributes"].keys() == {"type"} for trigger in triggers)
    assert {trigger["spec"]["filter"]["attributes"]["type"] for trigger in triggers} == TYPES


def test_a_subscriber_gets_as_many_events_at_once_as_its_pods_take(manifests: list[Manifest]) -> None:
    """The triggers' parallelism adds up to max-scale times containerConcurrency: more would queue up and time out."""
    given: dict[str, int] = {}
    for trigger in of_kind(manifests, "Trigger"):
        name = trigger["spec"]["subscriber"]["ref"]["name"]
        given[name] = given.get(name, 0) + int(trigger["metadata"]["annotations"][PARALLELISM])
    templates = {it["metadata"]["name"]: it["spec"]["template"] for it in manifests if is_function(it)}
    taken = {
        name: int(templates[name]["metadata"]["annotations"]["autoscaling.knative.dev/max-scale"])
        * int(templates[name]["spec"]["containerConcurrency"])
        for name in given
    }
    assert given == taken


def test_the_broker_is_rabbitmqs_and_drops_nothing(manifests: list[Manifest]) -> None:
    """Five retries, further and further apart, then the dead letters' function."""
    (broker,) = of_kind(manifests, "Broker")
    assert broker["metadata"]["annotations"]["eventing.knative.dev/broker.class"] == "RabbitMQBroker"
    delivery = broker["spec"]["delivery"]
    assert (delivery["retry"], delivery["backoffPolicy"], delivery["backoffDelay"]) == (5, "exponential", "PT0.2S")
    assert delivery["deadLetterSink"]["ref"]["name"] == "deadletter"


def test_the_functions_that_tell_are_bound_to_the_broker(manifests: list[Manifest]) -> None:
    """They and no other are given its address."""
    bindings = of_kind(manifests, "SinkBinding")
    assert sorted(binding["spec"]["subject"]["name"] for binding in bindings) == sorted(TELLERS)
    assert {binding["spec"]["sink"]["ref"]["kind"] for binding in bindings} == {"Broker"}


def test_the_sweeper_is_woken_every_minute(manifests: list[Manifest]) -> None:
    """And nobody else is."""
    (ping,) = of_kind(manifests, "PingSource")
    assert (ping["spec"]["schedule"], ping["spec"]["sink"]["ref"]["name"]) == ("* * * * *", "sweep")


@pytest.mark.parametrize("overlay", ["managed", "minikube"])
def test_the_broker_finds_rabbitmq(overlay: str) -> None:
    """In the cluster by its RabbitmqCluster, elsewhere by a Secret; its queues are quorum queues in both."""
    (config,) = of_kind(rendered(overlay), "RabbitmqBrokerConfig")
    assert config["spec"]["queueType"] == "quorum"
    reference = config["spec"]["rabbitmqClusterReference"]
    if overlay == "managed":
        assert reference == {"connectionSecret": {"name": "rabbitmq"}}
    else:
        assert {reference["name"]} == names(of_kind(rendered(overlay), "RabbitmqCluster"))


def test_rabbitmq_lets_a_delivery_take_its_time() -> None:
    """A consumer may keep a message for 30 days, as the broker acknowledges it after the last retry only."""
    (cluster,) = of_kind(rendered("minikube"), "RabbitmqCluster")
    assert "consumer_timeout = 2592000000" in cluster["spec"]["rabbitmq"]["additionalConfig"]
