"""The broker, its triggers and sources. `test_references.py` tests references, `tests/unit` EventTypes and schemas."""

import pytest

from functions.shared import events
from tests.manifests.pods import is_function
from tests.manifests.rendering import Manifest, names, of_kind, rendered

TYPES = {events.VIDEO_UPLOADED, events.AUDIO_CONVERTED, events.CONVERSION_FAILED, events.ACCOUNT_MAIL_REQUESTED}
PARALLELISM = "rabbitmq.eventing.knative.dev/parallelism"
PUBLISHERS = {"auth", "convert", "sweep", "upload"}


def test_every_trigger_filters_for_an_event_type_that_functions_send(manifests: list[Manifest]) -> None:
    """Triggers filter by type, one by `prewarm` too, at the one broker; every event type has a trigger."""
    triggers = of_kind(manifests, "Trigger")
    assert {trigger["spec"]["broker"] for trigger in triggers} == names(of_kind(manifests, "Broker"))
    filters = [trigger["spec"]["filter"]["attributes"] for trigger in triggers]
    assert [it for it in filters if it.keys() != {"type"}] == [{"type": events.VIDEO_UPLOADED, "prewarm": "true"}]
    assert {it["type"] for it in filters} == TYPES


def test_parallelism_of_triggers_equals_the_subscribers_capacity(manifests: list[Manifest]) -> None:
    """The triggers' parallelism adds up to max-scale times containerConcurrency: more would queue and time out."""
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


def test_broker_retries_with_backoff_and_has_a_dead_letter_sink(manifests: list[Manifest]) -> None:
    """The broker retries five times, then sends the event to the function deadletter."""
    (broker,) = of_kind(manifests, "Broker")
    assert broker["metadata"]["annotations"]["eventing.knative.dev/broker.class"] == "RabbitMQBroker"
    delivery = broker["spec"]["delivery"]
    assert (delivery["retry"], delivery["backoffPolicy"], delivery["backoffDelay"]) == (5, "exponential", "PT0.2S")
    assert delivery["deadLetterSink"]["ref"]["name"] == "deadletter"


def test_functions_that_publish_are_bound_to_the_broker(manifests: list[Manifest]) -> None:
    """Only functions that publish events get its address."""
    bindings = of_kind(manifests, "SinkBinding")
    assert sorted(binding["spec"]["subject"]["name"] for binding in bindings) == sorted(PUBLISHERS)
    assert {binding["spec"]["sink"]["ref"]["kind"] for binding in bindings} == {"Broker"}


def test_sweep_is_called_every_minute(manifests: list[Manifest]) -> None:
    """No other function is called by a PingSource."""
    (ping,) = of_kind(manifests, "PingSource")
    assert (ping["spec"]["schedule"], ping["spec"]["sink"]["ref"]["name"]) == ("* * * * *", "sweep")


@pytest.mark.parametrize("overlay", ["managed", "minikube"])
def test_broker_finds_rabbitmq(overlay: str) -> None:
    """RabbitMQ in the cluster is found by its RabbitmqCluster, elsewhere by a Secret; both have quorum queues."""
    (config,) = of_kind(rendered(overlay), "RabbitmqBrokerConfig")
    assert config["spec"]["queueType"] == "quorum"
    reference = config["spec"]["rabbitmqClusterReference"]
    if overlay == "managed":
        assert reference == {"connectionSecret": {"name": "rabbitmq"}}
    else:
        assert {reference["name"]} == names(of_kind(rendered(overlay), "RabbitmqCluster"))


def test_rabbitmq_allows_unacknowledged_messages_for_30_days() -> None:
    """The broker acknowledges a message only after the last retry."""
    (cluster,) = of_kind(rendered("minikube"), "RabbitmqCluster")
    assert "consumer_timeout = 2592000000" in cluster["spec"]["rabbitmq"]["additionalConfig"]
