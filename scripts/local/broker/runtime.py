"""What the broker's processes have in common: how they run, how they stop, how they hold on to RabbitMQ."""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel

from functions.shared import logs

log = logging.getLogger(__name__)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a process until it ends or SIGTERM or SIGINT cancels it; a second SIGTERM kills it."""
    logs.configure()
    logging.getLogger("aiormq").setLevel(logging.CRITICAL)  # its tracebacks repeat what `keep_channel` says in a line
    with suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(_until_terminated(main))


async def _until_terminated(main: Coroutine[Any, Any, None]) -> None:
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(main)

    def stop() -> None:
        loop.remove_signal_handler(signal.SIGTERM)
        task.cancel()

    loop.add_signal_handler(signal.SIGTERM, stop)
    await task


async def keep_channel(url: str, use: Callable[[AbstractChannel], Awaitable[None]]) -> None:
    """Give `use` a channel of its own connection, and another a second after it returned or RabbitMQ went away."""
    while True:
        try:
            connection = await aio_pika.connect(url, timeout=5)
            try:
                await use(await connection.channel())
            finally:
                with suppress(Exception):  # of a connection that is lost; it must not stand in for a cancellation
                    await connection.close()
        except Exception as error:  # noqa: BLE001  # the client raises what it likes; the answer to all is a new try
            log.warning("RabbitMQ is away: %s: %s", type(error).__name__, error)
        else:
            log.warning("RabbitMQ closed the channel")
        await asyncio.sleep(1)


async def watch(channel: AbstractChannel) -> asyncio.Event:
    """Return what is set as soon as RabbitMQ has closed the channel, its connection, or a consumer on it."""
    lost = asyncio.Event()
    channel.close_callbacks.add(lambda *_: lost.set())
    underlay = await channel.get_underlay_channel()
    underlay.on_consumer_cancel_callbacks.add(lambda _: lost.set())
    return lost
