"""A stand-in for Knative's RabbitMQ broker and its PingSources, in one process, until SIGTERM.

It keeps the contract of tests/contract. AMQP_URL is RabbitMQ, EVENTING the folder of manifests, SERVICES a JSON object
of the URLs of Knative Services by their names, INGRESS_URL the address to listen at.
"""

import asyncio
import json
import logging
import os
import signal
from contextlib import suppress
from pathlib import Path

from functions.shared import logs
from scripts.local.broker import dispatcher, ingress, timer
from scripts.local.broker.manifests import Eventing
from scripts.local.broker.rabbitmq import declare


async def main() -> None:
    task = asyncio.current_task()
    assert task
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    amqp_url, url = os.environ["AMQP_URL"], os.environ["INGRESS_URL"]
    eventing = Eventing.read(Path(os.environ["EVENTING"]), json.loads(os.environ["SERVICES"]))
    await declare(amqp_url, eventing)
    async with asyncio.TaskGroup() as parts:
        parts.create_task(ingress.run(url, amqp_url, eventing.exchange))
        for subscription in eventing.subscriptions:
            parts.create_task(dispatcher.run(subscription, amqp_url, url))
        for source in eventing.ping_sources:
            parts.create_task(timer.run(source))


if __name__ == "__main__":
    logs.configure()
    logging.getLogger("aiormq").setLevel(logging.CRITICAL)  # its tracebacks repeat what the broker logs in a line
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    with suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(main())
