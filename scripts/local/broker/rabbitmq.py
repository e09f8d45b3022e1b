"""How the broker stays connected to RabbitMQ, and what it declares there."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection

from scripts.local.broker.manifests import Eventing

log = logging.getLogger(__name__)


async def keep_channel(url: str, use: Callable[[AbstractChannel], Awaitable[None]]) -> None:
    """Call `use` with a channel of its own connection, and again a second after it returned or RabbitMQ was lost."""
    while True:
        connection = await _connect(url)
        try:
            await use(await connection.channel())
            log.warning("RabbitMQ closed the channel")
        except Exception as error:  # noqa: BLE001  # whatever the client raises, the answer is a new connection
            log.warning("RabbitMQ failed: %s: %s", type(error).__name__, error)
        finally:
            with suppress(Exception):  # of a lost connection; it must not replace a cancellation
                await connection.close()
        await asyncio.sleep(1)


async def declare(url: str, eventing: Eventing) -> None:
    """Declare what eventing-rabbitmq declares: durable headers exchanges, durable queues, and their bindings.

    The real broker also sets `dead-letter-exchange` by a policy. It is left out, as it affects only messages that
    RabbitMQ itself rejects: the dispatcher rejects none, and publishes its failures to the exchange.
    """
    async with await _connect(url) as connection:
        channel = await connection.channel()
        for exchange in {eventing.exchange, *(it.exchange for it in eventing.subscriptions)}:
            await channel.declare_exchange(exchange, aio_pika.ExchangeType.HEADERS, durable=True)
        for it in eventing.subscriptions:
            queue = await channel.declare_queue(it.queue, durable=True, arguments={"x-queue-type": eventing.queue_type})
            await queue.bind(it.exchange, routing_key="", arguments={**it.match, "x-match": "all"})


async def _connect(url: str) -> AbstractConnection:
    """Return a connection as soon as RabbitMQ accepts one."""
    while True:
        try:
            return await aio_pika.connect(url, timeout=5)
        except Exception as error:  # noqa: BLE001  # likewise
            log.warning("RabbitMQ is away: %s: %s", type(error).__name__, error)
            await asyncio.sleep(1)
