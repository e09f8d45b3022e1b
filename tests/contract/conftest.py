"""The broker under test, and its subscribers."""

import os
import socket
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.contract.amqp import Amqp
from tests.contract.broker import Broker, Platform, Subscription
from tests.contract.cluster import Cluster
from tests.contract.events import connect, head
from tests.contract.laptop import Laptop
from tests.contract.subscriber import Answer, Delivery, Subscriber

HOST_FOR_PODS = os.environ.get("HOST_FOR_PODS")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a cluster more time: the first test waits for a RabbitMQ, the last one until every object is removed."""
    if HOST_FOR_PODS:
        for item in items:
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def platform(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """The laptop, or the kubeconfig's cluster if HOST_FOR_PODS is the address at which its pods reach this machine."""
    if HOST_FOR_PODS:
        platform: Platform = Cluster(HOST_FOR_PODS)
    else:
        platform = Laptop(tmp_path_factory.mktemp("laptop"), request.getfixturevalue("rabbitmq"))
    yield platform
    platform.close()


@pytest.fixture
def new_broker(platform: Platform) -> Iterator[Callable[[Any], Broker]]:
    """A function that creates a Broker with the given `delivery`."""
    brokers = []

    def make(delivery: Any) -> Broker:
        brokers.append(platform.broker(delivery))
        return brokers[-1]

    yield make
    for broker in brokers:
        broker.close()


@pytest.fixture(scope="session")
def broker(platform: Platform) -> Iterator[Broker]:
    """A Broker without retries and dead-letter sink that the tests share: each test filters on its own event type."""
    broker = platform.broker({"retry": 0})
    yield broker
    broker.close()


@pytest.fixture(scope="session", autouse=True)
def slow_request(broker: Broker) -> Iterator[socket.socket]:
    """The connection of a request that never ends, begun first so that its 10 s timeout passes during other tests."""
    with connect(broker.url) as client:
        client.sendall(head(100) + b"half")
        yield client


@pytest.fixture
def subscribe(broker: Broker) -> Iterator[Callable[[Any], Subscription]]:
    """A function that applies a Trigger to the shared Broker until the test ends."""
    subscriptions: list[Subscription] = []

    def make(trigger: Any) -> Subscription:
        subscriptions.append(broker.subscribe(trigger))
        return subscriptions[-1]

    yield make
    for subscription in subscriptions:
        subscription.close()


@pytest.fixture
def new_subscriber(platform: Platform) -> Iterator[Callable[..., Subscriber]]:
    """A function that returns a Subscriber with the given answer function; by default it answers 200."""
    subscribers: list[Subscriber] = []

    def make(answer: Callable[[Delivery], Answer] = lambda _: Answer()) -> Subscriber:
        subscribers.append(Subscriber(answer, platform.host))
        return subscribers[-1]

    yield make
    for subscriber in subscribers:
        subscriber.close()


@pytest.fixture
def amqp(platform: Platform) -> Iterator[Amqp]:
    client = Amqp(platform.amqp_url)
    yield client
    client.close()


@pytest.fixture
def kind() -> str:
    """An event type that no other test uses."""
    return f"contract.{uuid4().hex}"
