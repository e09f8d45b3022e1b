"""The broker's dispatcher: delivers the events of one queue to one subscriber, as eventing-rabbitmq's cmd/dispatcher.

At SIGTERM deliveries under way stay unacknowledged and are redelivered. The real dispatcher has a race there, which
may also end in a dead letter or in the loss of the event.
"""

import asyncio
import logging
from dataclasses import dataclass, replace

import aiohttp
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from scripts.local.broker.delivery import Answer, client, send
from scripts.local.broker.manifests import Subscription
from scripts.local.broker.message import Event, from_amqp, from_http, to_amqp, validate
from scripts.local.broker.rabbitmq import keep_channel

PREFETCH = 100

log = logging.getLogger("dispatcher")


@dataclass(frozen=True)
class Dispatcher:
    subscription: Subscription
    ingress: str
    session: aiohttp.ClientSession

    async def consume(self, channel: AbstractChannel) -> None:
        """Deliver what the queue holds until the channel is closed and the deliveries under way have ended."""
        await channel.set_qos(PREFETCH)
        queue = await channel.get_queue(self.subscription.queue, ensure=False)
        free = asyncio.Semaphore(self.subscription.parallelism)
        async with asyncio.TaskGroup() as deliveries, queue.iterator() as messages:
            log.info("consuming %s", queue.name)
            async for message in messages:
                await free.acquire()
                if channel.is_closed:  # RabbitMQ redelivers the message
                    break
                delivery = deliveries.create_task(self._handle(channel, message))
                delivery.add_done_callback(lambda _: free.release())

    async def _handle(self, channel: AbstractChannel, message: AbstractIncomingMessage) -> None:
        dead_letter = None
        try:
            dead_letter = await self._deliver(from_amqp(message))
        except ValueError as error:
            log.warning("dropped, not an event: %s", error)
        try:
            # Acknowledged first: like the real one, a process that dies between the two loses the event.
            await message.ack()
            if dead_letter and self.subscription.dead_letter_exchange:
                exchange = await channel.get_exchange(self.subscription.dead_letter_exchange, ensure=False)
                await exchange.publish(to_amqp(dead_letter), routing_key="", mandatory=False)
        except Exception as error:  # noqa: BLE001  # whatever the client raises, a closed channel is replaced
            log.warning("not acknowledged, or no dead letter published: %s: %s", type(error).__name__, error)

    async def _deliver(self, event: Event) -> Event | None:
        """Send the event to the subscriber, and a reply to the broker; return the dead letter if either failed."""
        answer = await send(self.session, self.subscription.subscriber, event, self.subscription.retry_waits)
        if not answer.failed and await self._publish_reply(answer, event.trace):
            return None
        log.warning("%s was not delivered, last status %d", event.attributes.get("id"), answer.status)
        dest, code = self.subscription.subscriber, answer.status
        return replace(event, attributes={**event.attributes, "knativeerrordest": dest, "knativeerrorcode": code})

    async def _publish_reply(self, answer: Answer, trace: dict[str, str]) -> bool:
        """Send the event of the answer, if there is one, to the broker; return False if that failed."""
        try:
            reply = replace(from_http(answer.headers, answer.body), trace=trace)
        except ValueError:
            return True  # an ordinary answer
        try:
            validate(replace(reply, attributes={"id": "to be filled in", **reply.attributes}))
        except ValueError as error:
            log.warning("the reply is invalid: %s", error)
            return False
        return not (await send(self.session, self.ingress, reply, self.subscription.retry_waits)).failed


async def run(subscription: Subscription, amqp_url: str, ingress: str) -> None:
    """Deliver until cancelled; `ingress` is the broker's address, to which replies are sent."""
    async with client(subscription.timeout) as session:
        await keep_channel(amqp_url, Dispatcher(subscription, ingress, session).consume)
