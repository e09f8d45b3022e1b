"""The broker's dispatcher: delivers the events of one queue to one subscriber.

Semantics and environment as in eventing-rabbitmq's cmd/dispatcher. At SIGTERM what is under way stays unacknowledged
and is delivered again; the real one does so by a race that its code may also lose, to a dead letter or to nothing.
"""

import asyncio
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import aiohttp
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from functions.shared.settings import Url, load
from scripts.local.broker import runtime
from scripts.local.broker.delivery import Answer, Retries, client, send
from scripts.local.broker.durations import go_seconds
from scripts.local.broker.message import Attribute, Event, from_amqp, from_http, to_amqp, to_http, validate

PREFETCH = 100

log = logging.getLogger("dispatcher")


@dataclass(frozen=True)
class Settings:
    """`backoff_delay` and `timeout` are Go durations; `dlx` tells the dispatcher of a dead-letter queue.

    `retry` is a text, as `load` takes no number below 1.
    """

    queue_name: str
    rabbit_url: Url
    broker_ingress_url: Url
    subscriber: Url
    dlx: bool = False
    dlx_name: str = ""
    parallelism: int = 1
    retry: str = "0"
    backoff_policy: str = "exponential"
    backoff_delay: str = "50ms"
    timeout: str = "0s"


class Dispatcher:
    def __init__(self, settings: Settings, session: aiohttp.ClientSession) -> None:
        self._settings = settings
        self._session = session
        self._retries = _retries(settings)

    async def consume(self, channel: AbstractChannel) -> None:
        """Deliver what the queue holds until the channel is closed and every worker has finished its event."""
        settings = self._settings
        await channel.set_qos(PREFETCH)
        queue = await channel.get_queue(settings.queue_name, ensure=False)
        taken: asyncio.Queue[AbstractIncomingMessage | None] = asyncio.Queue()
        lost = await runtime.watch(channel)
        await queue.consume(taken.put)
        log.info("consuming %s", settings.queue_name)
        async with asyncio.TaskGroup() as workers:
            for _ in range(settings.parallelism):
                workers.create_task(self._work(channel, taken))
            await lost.wait()
            while not taken.empty():  # RabbitMQ delivers them again
                taken.get_nowait()
            for _ in range(settings.parallelism):
                taken.put_nowait(None)

    async def _work(self, channel: AbstractChannel, taken: asyncio.Queue[AbstractIncomingMessage | None]) -> None:
        while message := await taken.get():
            await self._dispatch(channel, message)

    async def _dispatch(self, channel: AbstractChannel, message: AbstractIncomingMessage) -> None:
        try:
            event = from_amqp(message)
            validate(event)
        except ValueError as error:
            log.warning("dropped, as it is no event: %s", error)
            with _logged("acknowledge"):
                await message.ack()
            return
        answer = await send(self._session, self._settings.subscriber, event, self._retries)
        failed = answer.failed or not await self._reply(answer)
        if failed:
            log.warning("%s was not delivered, last answer %d", event.attributes["id"], answer.status)
        # First the acknowledgement, then the dead letter: a process that dies between the two loses the event.
        with _logged("acknowledge"):
            await message.ack()
        if failed and self._settings.dlx_name and not self._settings.dlx:
            with _logged("publish the dead letter"):
                await self._dead_letter(channel, event, answer.status)

    async def _reply(self, answer: Answer) -> bool:
        """Send the event that a subscriber answered with, if any, to the broker; return whether that is done."""
        try:
            reply = from_http(answer.headers, answer.body)
        except ValueError:
            return True  # any other answer
        try:
            validate(from_http(to_http(reply), reply.data))
        except ValueError as error:
            log.warning("the subscriber's reply is no event: %s", error)
            return False
        return not (await send(self._session, self._settings.broker_ingress_url, reply, self._retries)).failed

    async def _dead_letter(self, channel: AbstractChannel, event: Event, status: int) -> None:
        why: dict[str, Attribute] = {"knativeerrordest": str(self._settings.subscriber), "knativeerrorcode": status}
        exchange = await channel.get_exchange(self._settings.dlx_name, ensure=False)
        dead = replace(event, attributes=event.attributes | why)
        await exchange.publish(to_amqp(dead), routing_key="", mandatory=False)


def _retries(settings: Settings) -> Retries:
    policy = settings.backoff_policy
    if policy not in ("linear", "exponential"):
        raise SystemExit("cannot start: BACKOFF_POLICY must be linear or exponential")
    return Retries(int(settings.retry), go_seconds(settings.backoff_delay), policy)


@contextmanager
def _logged(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # noqa: BLE001  # the client raises what it likes; the event's way ends here
        log.warning("cannot %s: %s: %s", what, type(error).__name__, error)


async def main(settings: Settings) -> None:
    async with client(go_seconds(settings.timeout)) as session:
        await runtime.keep_channel(settings.rabbit_url, Dispatcher(settings, session).consume)


if __name__ == "__main__":
    runtime.run(main(load(Settings, os.environ)))
