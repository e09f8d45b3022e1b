"""A PingSource: sends a ping event to its sink whenever its schedule says."""

import asyncio
import base64
import logging
import os
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiohttp
from apscheduler.triggers.cron import CronTrigger

from functions.shared.settings import Url, load
from scripts.local.broker import runtime
from scripts.local.broker.delivery import Retries, client, send
from scripts.local.broker.message import Event

RETRIES = Retries(count=5, delay=0.05)  # as the real adapter's

log = logging.getLogger("timer")


@dataclass(frozen=True)
class Settings:
    """`schedule` is a crontab's five fields, weekdays by name; `data` is base64, as it may be any bytes."""

    schedule: str
    source: str
    sink: Url
    timezone: str = "UTC"
    data: str = ""
    content_type: str = ""


def ping(settings: Settings) -> Event:
    attributes = {"specversion": "1.0", "type": "dev.knative.sources.ping", "source": settings.source}
    if settings.content_type:
        attributes["datacontenttype"] = settings.content_type
    return Event(dict(attributes), base64.b64decode(settings.data))


async def main(settings: Settings) -> None:
    schedule = CronTrigger.from_crontab(settings.schedule, timezone=settings.timezone)
    async with client() as session, asyncio.TaskGroup() as pings:
        after = datetime.now(schedule.timezone)
        while due := schedule.get_next_fire_time(None, after):
            await asyncio.sleep((due - datetime.now(schedule.timezone)).total_seconds())
            pings.create_task(_send(session, settings))
            after = max(datetime.now(schedule.timezone), due + timedelta(microseconds=1))


async def _send(session: aiohttp.ClientSession, settings: Settings) -> None:
    answer = await send(session, settings.sink, ping(settings), RETRIES)
    if answer.failed:
        log.warning("no ping, last answer %d", answer.status)


if __name__ == "__main__":
    runtime.run(main(load(Settings, os.environ)))
