"""Declares in RabbitMQ what eventing-rabbitmq declares for a Broker and its Triggers."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import aio_pika

from scripts.local.broker.manifests import Eventing


@dataclass(frozen=True)
class Binding:
    exchange: str
    queue: str
    arguments: dict[str, str]


@dataclass(frozen=True)
class Topology:
    """Durable headers exchanges, durable queues with their arguments, and bindings with an empty routing key.

    The real broker also sets `dead-letter-exchange` by policy, which needs the management API. It is left out, as it
    matters only for messages that RabbitMQ itself gives up: the dispatcher never rejects one and publishes its
    failures to the exchange. As a queue's argument it would give the queues arguments that the real ones have not.
    """

    exchanges: list[str]
    queues: list[str]
    queue_arguments: dict[str, str]
    bindings: list[Binding]

    @classmethod
    def of(cls, eventing: Eventing) -> "Topology":
        broker = eventing.broker
        exchanges, queues, bindings = [broker.exchange], [], []
        if broker.has_dlq:
            exchanges.append(broker.dlx)
            queues.append(broker.dlq)
            # x-match: all passes over keys that begin with x-, so that this matches every event.
            bindings.append(Binding(broker.dlx, broker.dlq, {"x-knative-dlq": broker.name, "x-match": "all"}))
        for trigger in eventing.triggers:
            queue = trigger.queue(broker)
            queues.append(queue)
            match = trigger.filters | {"x-knative-trigger": trigger.name, "x-match": "all"}
            bindings.append(Binding(broker.exchange, queue, match))
            if trigger.has_dlq:
                exchanges.append(trigger.dlx)
                queues.append(trigger.dlq)
                bindings.append(Binding(trigger.dlx, trigger.dlq, {"x-match": "all"}))
        return cls(exchanges, queues, {"x-queue-type": broker.queue_type}, bindings)


def declare(eventing: Path, amqp_url: str) -> None:
    """Declare what the manifests of the folder ask for; what is there already stays. RabbitMQ must be up."""
    asyncio.run(_declare(Topology.of(Eventing.read(eventing)), amqp_url))


async def _declare(topology: Topology, amqp_url: str) -> None:
    async with await aio_pika.connect(amqp_url, timeout=10) as connection:
        channel = await connection.channel()
        for exchange in topology.exchanges:
            await channel.declare_exchange(exchange, aio_pika.ExchangeType.HEADERS, durable=True)
        for queue in topology.queues:
            await channel.declare_queue(queue, durable=True, arguments=dict(topology.queue_arguments))
        for binding in topology.bindings:
            bound = await channel.get_queue(binding.queue, ensure=False)
            await bound.bind(binding.exchange, routing_key="", arguments=dict(binding.arguments))
