"""The broker under test and what stands around it."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.contract.amqp import Amqp
from tests.contract.events import connect, head
from tests.contract.laptop import Broker, Subscription
from tests.contract.subscriber import Answer, Delivery, Subscriber
from tests.stacks import Server


@pytest.fixture
def new_broker(rabbitmq: Server, tmp_path: Path) -> Iterator[Callable[[Any], Broker]]:
    """A function from a Broker's `delivery` to a Broker of its own."""
    brokers = []

    def make(delivery: Any) -> Broker:
        folder = tmp_path / f"ns-{uuid4().hex[:8]}"
        folder.mkdir()
        brokers.append(Broker(folder, rabbitmq.url, delivery))
        return brokers[-1]

    yield make
    for broker in brokers:
        broker.close()


@pytest.fixture(scope="session")
def broker(rabbitmq: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A Broker without `delivery` that the tests share: each filters on a type of its own."""
    broker = Broker(tmp_path_factory.mktemp("ns"), rabbitmq.url, None)
    yield broker
    broker.close()


@pytest.fixture(scope="session", autouse=True)
def slow_request(broker: Broker) -> Iterator[socket.socket]:
    """The connection of a request that never ends, begun first so that other tests fill the 10 seconds it is given."""
    with connect(broker.url) as client:
        client.sendall(head(100) + b"half")
        yield client


@pytest.fixture
def subscribe(broker: Broker) -> Iterator[Callable[[Any], Subscription]]:
    """A function that has the shared Broker serve a Trigger as long as the test lasts."""
    subscriptions: list[Subscription] = []

    def make(trigger: Any) -> Subscription:
        subscriptions.append(broker.subscribe(trigger))
        return subscriptions[-1]

    yield make
    for subscription in subscriptions:
        subscription.close()


@pytest.fixture
def new_subscriber() -> Iterator[Callable[..., Subscriber]]:
    """A function to a Subscriber that answers as the function given says, 200 without one."""
    subscribers: list[Subscriber] = []

    def make(answer: Callable[[Delivery], Answer] = lambda _: Answer()) -> Subscriber:
        subscribers.append(Subscriber(answer))
        return subscribers[-1]

    yield make
    for subscriber in subscribers:
        subscriber.close()


@pytest.fixture
def amqp(rabbitmq: Server) -> Iterator[Amqp]:
    client = Amqp(rabbitmq.url)
    yield client
    client.close()


@pytest.fixture
def kind() -> str:
    """An event type that no other test uses."""
    return f"contract.{uuid4().hex}"
