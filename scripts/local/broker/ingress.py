"""The broker's ingress: accepts CloudEvents over HTTP and answers 202 once RabbitMQ has confirmed them.

The checks and their order are those of eventing-rabbitmq's cmd/ingress.
"""

import asyncio
import logging
from contextlib import suppress
from urllib.parse import urlsplit

from aio_pika.abc import AbstractChannel, AbstractExchange
from aiohttp import web

from scripts.local.broker.message import from_http, to_amqp, validate
from scripts.local.broker.rabbitmq import keep_channel

READ_SECONDS = 10
DRAIN_SECONDS = 10

log = logging.getLogger("ingress")


class Ingress:
    def __init__(self, exchange_name: str) -> None:
        self._exchange_name = exchange_name
        self._exchange: AbstractExchange | None = None
        self._draining = False
        self._requests = 0
        self._idle = asyncio.Event()

    async def publish_on(self, channel: AbstractChannel) -> None:
        """Publish on this channel until it is closed."""
        self._exchange = await channel.get_exchange(self._exchange_name)
        log.info("publishing to %s", self._exchange_name)
        try:
            await channel.closed()
        finally:
            self._exchange = None

    async def drain(self) -> None:
        """Fail the probes, and wait until no request is under way, for 10 seconds at most."""
        self._draining = True
        if self._requests:
            self._idle.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), DRAIN_SECONDS)

    async def handle(self, request: web.Request) -> web.Response:
        if (probe := _probe(request)) is not None:
            return web.Response(status=503) if self._draining else probe
        self._requests += 1
        try:
            return await self._accept(request)
        finally:
            self._requests -= 1
            if not self._requests:
                self._idle.set()

    async def _accept(self, request: web.Request) -> web.Response:
        if request.method != "POST":
            return web.Response(status=405)
        if request.raw_path != "/":  # a query string counts
            return web.Response(status=404)
        try:
            async with asyncio.timeout(READ_SECONDS):
                event = from_http(request.headers, await request.read())
            validate(event)
        except (ValueError, OSError, web.RequestPayloadError) as error:  # TimeoutError is an OSError
            log.warning("refused: %s: %s", type(error).__name__, error)
            response = web.Response(status=400)
            response.force_close()  # the rest of the body may still come
            return response
        try:
            if self._exchange is None:
                raise ConnectionError("no connection to RabbitMQ")  # noqa: TRY301  # answered like any other failure
            await self._exchange.publish(to_amqp(event), routing_key="", mandatory=False)
        except Exception as error:  # noqa: BLE001  # whatever the client raises, the event is not confirmed
            log.error("not published: %s: %s", type(error).__name__, error)  # noqa: TRY400  # a state, no bug to trace
            return web.Response(status=500)
        return web.Response(status=202)


def _probe(request: web.Request) -> web.Response | None:
    """Return the answer to a probe of the kubelet or of Knative's network, None to another request."""
    if request.headers.get("User-Agent", "").startswith("kube-probe/"):
        return web.Response()
    if request.headers.get("K-Network-Probe") != "probe":
        return None
    probe_hash = request.headers.get("K-Network-Hash")
    return web.Response(headers={"K-Network-Hash": probe_hash}) if probe_hash else web.Response(status=400)


async def run(url: str, amqp_url: str, exchange: str) -> None:
    ingress, address = Ingress(exchange), urlsplit(url)
    app = web.Application(client_max_size=0)  # no limit: RabbitMQ's own is the only one
    app.router.add_route("*", "/{path:.*}", ingress.handle)
    runner = web.AppRunner(app, access_log=None, lingering_time=1, shutdown_timeout=1)
    await runner.setup()
    publishing = asyncio.create_task(keep_channel(amqp_url, ingress.publish_on))
    try:
        await web.TCPSite(runner, address.hostname, address.port).start()
        await publishing
    finally:  # SIGTERM has ended `publishing` too: like in the real one, a request under way is answered with 500
        await ingress.drain()
        await runner.cleanup()
