"""The interface of the broker under test, implemented by `laptop.py` and `cluster.py`."""

from abc import ABC, abstractmethod
from typing import Any

import requests

Manifest = dict[str, Any]


class Subscription(ABC):
    """A running Trigger: its dispatcher, and that of its dead-letter queue if it has one."""

    queue: str

    @abstractmethod
    def start(self) -> None:
        """Return when all its queues have a consumer."""

    @abstractmethod
    def stop(self) -> None:
        """End its dispatchers by SIGTERM, and return when they have exited."""

    @abstractmethod
    def close(self) -> None: ...


class Broker(ABC):
    """A Broker; `url` is the address of its ingress, `exchange` the exchange to which the ingress publishes."""

    url: str
    exchange: str

    def post_status(self, request: tuple[dict[str, str], bytes]) -> int:
        """Return the status that the ingress answers to the event, 0 if the ingress is unavailable."""
        headers, body = request
        try:
            return requests.post(self.url, data=body, headers=headers, timeout=30).status_code
        except requests.ConnectionError:
            return 0

    @abstractmethod
    def subscribe(self, trigger: Manifest) -> Subscription:
        """Apply a Trigger, with its `namespace` and `broker` filled in, and wait until its queue has a consumer."""

    @abstractmethod
    def terminate_ingress(self) -> None:
        """Send the ingress SIGTERM."""

    @abstractmethod
    def close(self) -> None: ...


class Platform(ABC):
    """The platform that Brokers run on; subscribers must listen at `host`, and RabbitMQ is at `amqp_url`."""

    host: str
    amqp_url: str

    @abstractmethod
    def broker(self, delivery: Manifest) -> Broker:
        """Create a Broker with this `delivery`, and return when its ingress publishes."""

    @abstractmethod
    def restart_rabbitmq(self) -> None:
        """Stop RabbitMQ, start it and return when it answers."""

    @abstractmethod
    def close(self) -> None: ...
