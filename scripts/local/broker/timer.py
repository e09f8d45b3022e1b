"""A PingSource: sends a ping event to its sink whenever its schedule is due, in UTC."""

import asyncio
import logging
from datetime import UTC

import aiohttp
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

from scripts.local.broker.delivery import client, send
from scripts.local.broker.manifests import PingSource
from scripts.local.broker.message import Event

RETRY_WAITS = [0.1, 0.2, 0.4, 0.8, 1.6]  # seconds, as the real adapter's

log = logging.getLogger("timer")


def ping(source: PingSource) -> Event:
    return Event({"specversion": "1.0", "type": "dev.knative.sources.ping", "source": source.source}, b"", {})


async def run(source: PingSource) -> None:
    scheduler, schedule = AsyncIOScheduler(), CronTrigger.from_crontab(source.schedule, UTC)
    async with client() as session:
        # A ping that is late is sent all the same, and one that gets no answer holds up no other.
        scheduler.add_job(_send, schedule, (session, source), misfire_grace_time=None, max_instances=100)
        scheduler.start()
        await asyncio.Event().wait()


async def _send(session: aiohttp.ClientSession, source: PingSource) -> None:
    answer = await send(session, source.sink, ping(source), RETRY_WAITS)
    if answer.failed:
        log.warning("no ping, last status %d", answer.status)
