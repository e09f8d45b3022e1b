"""Access to RabbitMQ: the content of its queues, and the messages that the ingress publishes."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar
from uuid import uuid4

import aio_pika
from aio_pika.abc import AbstractIncomingMessage, AbstractQueue

T = TypeVar("T")


class Amqp:
    def __init__(self, url: str) -> None:
        self._runner = asyncio.Runner()
        self._connection = self._run(aio_pika.connect(url, timeout=10))

    def consumers(self, queue: str) -> int:
        return self._run(self._declared(queue)).consumer_count or 0

    def messages(self, queue: str) -> int:
        return self._run(self._declared(queue)).message_count or 0

    def tap(self, exchange: str) -> "Tap":
        """Return a new queue that gets a copy of every message published to the exchange."""
        return Tap(self, self._run(self._tap(exchange)))

    def publish(self, exchange: str, message: aio_pika.Message) -> None:
        self._run(self._publish(exchange, message))

    def delete_exchange(self, exchange: str) -> None:
        self._run(self._delete_exchange(exchange))

    def close(self) -> None:
        self._run(self._connection.close())
        self._runner.close()

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(coroutine)

    async def _declared(self, queue: str) -> Any:
        async with self._connection.channel() as channel:
            return (await channel.declare_queue(queue, passive=True)).declaration_result

    async def _tap(self, exchange: str) -> AbstractQueue:
        channel = await self._connection.channel()
        queue = await channel.declare_queue(f"tap.{uuid4()}", exclusive=True)
        await queue.bind(exchange, routing_key="", arguments={"x-match": "all"})
        return queue

    async def _publish(self, exchange: str, message: aio_pika.Message) -> None:
        async with self._connection.channel() as channel:
            await (await channel.get_exchange(exchange)).publish(message, routing_key="", mandatory=False)

    async def _delete_exchange(self, exchange: str) -> None:
        async with self._connection.channel() as channel:
            await channel.exchange_delete(exchange)


class Tap:
    def __init__(self, amqp: Amqp, queue: AbstractQueue) -> None:
        self._amqp = amqp
        self._queue = queue

    def take(self) -> AbstractIncomingMessage:
        """Return the next message; a message that the ingress has confirmed is in the queue."""
        return self._amqp._run(self._queue.get(no_ack=True, timeout=5))
