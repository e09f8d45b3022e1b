"""The broker's ingress: takes CloudEvents over HTTP and answers 202 once RabbitMQ has confirmed them.

Order of the checks and answers as in eventing-rabbitmq's cmd/ingress; environment too, with HOST added.
"""

import asyncio
import logging
import os
from contextlib import suppress
from dataclasses import dataclass

from aio_pika.abc import AbstractChannel, AbstractExchange
from aiohttp import web

from functions.shared.settings import Url, load
from scripts.local.broker import runtime
from scripts.local.broker.message import Event, from_http, to_amqp, validate

READ_SECONDS = 10
DRAIN_SECONDS = 10

log = logging.getLogger("ingress")


@dataclass(frozen=True)
class Settings:
    broker_url: Url
    exchange_name: str
    port: int = 8080
    host: str = "127.0.0.1"


class Ingress:
    def __init__(self, exchange_name: str) -> None:
        self._exchange_name = exchange_name
        self._exchange: AbstractExchange | None = None
        self._draining = False
        self._idle = asyncio.Event()
        self._under_way = 0

    async def publish_on(self, channel: AbstractChannel) -> None:
        """Publish on this channel until it is closed."""
        exchange, lost = await channel.get_exchange(self._exchange_name), await runtime.watch(channel)
        log.info("publishing to %s", self._exchange_name)
        self._exchange = exchange
        try:
            await lost.wait()
        finally:
            self._exchange = None

    async def drain(self) -> None:
        """Fail the probes, then wait until no request is under way, for 10 seconds at most."""
        self._draining = True
        if self._under_way:
            self._idle.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), DRAIN_SECONDS)

    async def handle(self, request: web.Request) -> web.Response:
        if (probe := _probe(request)) is not None:
            return web.Response(status=503) if self._draining else probe
        self._under_way += 1
        try:
            return await self._take(request)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    async def _take(self, request: web.Request) -> web.Response:
        if request.method != "POST":
            return web.Response(status=405)
        if request.raw_path != "/":  # a query string counts
            return web.Response(status=404)
        try:
            async with asyncio.timeout(READ_SECONDS):
                event = from_http(request.headers, await request.read())
            validate(event)
        except ValueError as error:
            log.warning("refused: %s", error)
            return web.Response(status=400)
        except (OSError, web.RequestPayloadError) as error:  # a TimeoutError too is an OSError
            log.warning("refused, as its body did not come: %s", type(error).__name__)
            response = web.Response(status=400)
            response.force_close()
            return response
        return web.Response(status=202 if await self._publish(event) else 500)

    async def _publish(self, event: Event) -> bool:
        if self._exchange is None:
            log.error("not published: no connection to RabbitMQ")
            return False
        try:
            await self._exchange.publish(to_amqp(event), routing_key="", mandatory=False)
        except Exception as error:  # noqa: BLE001  # whatever the client raises, the event is not confirmed
            log.error("not published: %s: %s", type(error).__name__, error)  # noqa: TRY400  # a state, no bug to trace
            return False
        return True


def _probe(request: web.Request) -> web.Response | None:
    """Return the answer to a probe of the kubelet or of Knative's network, None to another request."""
    if request.headers.get("User-Agent", "").startswith("kube-probe/"):
        return web.Response()
    if request.headers.get("K-Network-Probe") != "probe":
        return None
    said = request.headers.get("K-Network-Hash")
    return web.Response(headers={"K-Network-Hash": said}) if said else web.Response(status=400)


async def main(settings: Settings) -> None:
    ingress = Ingress(settings.exchange_name)
    app = web.Application(client_max_size=0)  # no limit: RabbitMQ's own is the only one
    app.router.add_route("*", "/{path:.*}", ingress.handle)
    runner = web.AppRunner(app, access_log=None, lingering_time=1, shutdown_timeout=1)
    await runner.setup()
    publishing = asyncio.create_task(runtime.keep_channel(settings.broker_url, ingress.publish_on))
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
        await asyncio.Event().wait()
    finally:
        publishing.cancel()  # at once, as the real one: an event under way is answered by 500
        try:
            await ingress.drain()
        finally:
            await runner.cleanup()
            await asyncio.wait([publishing])


if __name__ == "__main__":
    runtime.run(main(load(Settings, os.environ)))
