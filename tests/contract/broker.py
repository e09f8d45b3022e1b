"""The broker under test, whichever it is: `laptop.py` and `cluster.py` each fill this in."""

from abc import ABC, abstractmethod
from typing import Any

import requests

Manifest = dict[str, Any]


class Subscription(ABC):
    """A Trigger at work: its dispatcher, its dead-letter queue's where it has one of its own."""

    queue: str

    @abstractmethod
    def start(self) -> None:
        """Return when all of its queues are consumed."""

    @abstractmethod
    def stop(self) -> None:
        """End its dispatchers by SIGTERM, and return when they are gone."""

    @abstractmethod
    def close(self) -> None: ...


class Broker(ABC):
    """A Broker of its own; `url` is its ingress, `exchange` where that publishes."""

    url: str
    exchange: str

    def post_status(self, request: tuple[dict[str, str], bytes]) -> int:
        """Return the ingress' answer to the event, 0 where it is away."""
        headers, body = request
        try:
            return requests.post(self.url, data=body, headers=headers, timeout=30).status_code
        except requests.ConnectionError:
            return 0

    @abstractmethod
    def subscribe(self, trigger: Manifest) -> Subscription:
        """Apply a Trigger, of which `namespace` and `broker` are filled in, and wait until it is served."""

    @abstractmethod
    def terminate_ingress(self) -> None:
        """Send the ingress SIGTERM."""

    @abstractmethod
    def close(self) -> None: ...


class Platform(ABC):
    """What Brokers run on; subscribers must listen at `host`, and RabbitMQ is at `amqp_url`."""

    host: str
    amqp_url: str

    @abstractmethod
    def broker(self, delivery: Manifest) -> Broker:
        """Make a Broker with this `delivery`, and return when its ingress publishes."""

    @abstractmethod
    def restart_rabbitmq(self) -> None:
        """Stop RabbitMQ, start it and return when it answers."""

    @abstractmethod
    def close(self) -> None: ...
