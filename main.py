"""The entry point: builds the application; `python main.py` runs the shop."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar
from litestar.datastructures import State
from litestar.plugins import PluginProtocol

from app.controllers import CONTROLLERS, ROOT_CONTROLLERS, TAGS
from app.controllers.system import HOME_CONTROLLERS, TEST_CONTROLLERS
from app.database.data_file import hold
from app.dependencies import with_dependencies
from app.jobs.cache_sync import sync_cache
from app.jobs.embedded_dispatcher import dispatch_commands
from app.jobs.errands.loop import do_errands
from app.jobs.mail_delivery import deliver_mails
from app.jobs.price_changes import follow_price_lists
from app.messaging.rabbitmq.broker_link import BrokerLink
from app.observability.tracing import flush_traces
from app.pages import ASSET_CONTROLLERS, page_controllers, page_router, resources_of_pages
from app.pages.problems import ProblemPages
from app.runtime.process import begin_process, freeze_heap
from app.runtime.supervisor import end, repeat
from app.settings import Settings, get_settings
from app.web.docs.pages import documentation, documentation_assets
from app.web.docs.schema_plugin import SchemaPlugin
from app.web.event_streams import EventStreams
from app.web.middleware.authentication import Authentication
from app.web.middleware.body_limits import BodyLimits, require_short_headers
from app.web.middleware.edge import Edge
from app.web.middleware.heads import Heads
from app.web.middleware.idempotency import Idempotency
from app.web.middleware.near_reads import NearReads
from app.web.middleware.time_limit import TimeLimit
from app.web.rendering.metrics import Metrics
from app.web.rendering.operation_events import event_streams
from app.web.rendering.problems import EXCEPTION_HANDLERS
from app.web.request import ShopRequest
from app.web.route_options import OwnRouter
from app.web.shared_options import SharedOptions
from app.web.uploads import upload_limit
from app.wiring.areas.orders import order_batches
from app.wiring.lifecycle import ensure_admin, prepare
from app.wiring.resources import Shop

API = "/api/v1"
_START_DELAY_SECONDS = 1.0


# Litestar's `register` returns nothing, unlike that of Router, which it extends.
class _Application(Litestar, SharedOptions):  # type: ignore[misc]  # see above
    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        # Those that the framework adds import the old version of Pydantic, and look at every type.
        return plugins


def create_app(shop: Shop | None = None, *, has_near_reads: bool = True) -> Litestar:
    """Build the application for the shop of the settings, or for a given one."""
    is_server = shop is None
    if shop is None:
        # Workers of a server that does not fork begin with this call.
        begin_process(settings := get_settings())
        shop = Shop(settings)
    link = None if shop.settings.rabbitmq_host is None else BrokerLink(shop.settings)
    streams = event_streams(shop)
    app = _Application(
        route_handlers=_route_handlers(shop.settings),
        before_request=require_short_headers,
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=[_opened(shop, link, streams, is_server=is_server)],
        # Each error is logged once, with its request, where it is rendered. The framework's logging
        # would add a queue and a thread to the logging of the process.
        logging_config=None,
        openapi_config=documentation(TAGS),
        plugins=[SchemaPlugin()],
        # `BodyLimits` also limits streamed bodies, and the time.
        request_max_body_size=None,
        request_class=ShopRequest,
        state=State(
            {
                "shop": shop,
                "metrics": Metrics(shop, link),
                "streams": streams,
                "order_batches": order_batches(shop),
                "uploads": upload_limit(),
                **resources_of_pages(shop.settings),
            }
        ),
    )
    app.state.router = app.asgi_handler
    whole = Heads(TimeLimit(BodyLimits(app.asgi_handler)))
    inner = NearReads(whole, shop) if has_near_reads else whole
    edge = Edge(inner, shop.settings, shop.http_metrics, shop.access_log)
    app.asgi_handler = ProblemPages(edge, app.state.pages)
    return app


def _route_handlers(settings: Settings) -> list[Any]:
    return [
        _api(settings),
        *with_dependencies(ROOT_CONTROLLERS),
        documentation_assets(),
        page_router(with_dependencies(page_controllers(settings))),
        *with_dependencies(ASSET_CONTROLLERS),
        *with_dependencies(HOME_CONTROLLERS if settings.storefront == "off" else ()),
    ]


def _api(settings: Settings) -> OwnRouter:
    tests = TEST_CONTROLLERS if settings.test_clock else ()
    controllers = with_dependencies([*CONTROLLERS, *tests])
    return OwnRouter(API, route_handlers=controllers, middleware=[Authentication, Idempotency])


def _opened(shop: Shop, link: BrokerLink | None, streams: EventStreams, *, is_server: bool) -> Any:
    @asynccontextmanager
    async def opened(_app: Litestar) -> AsyncIterator[None]:
        if is_server and shop.settings.data_file is not None:
            # Also if another server than `app.server` starts the application.
            hold(shop.settings.data_file)
        await prepare(shop)
        if (password := await ensure_admin(shop)) is not None:
            # Only if another server starts the application: `app.server` has already printed it.
            print(f"{shop.settings.admin_email}, password {password}", flush=True)
        if is_server:
            # Else the process may also have other applications, which end before it.
            freeze_heap()
        works = [
            deliver_mails(shop),
            follow_price_lists(shop),
            sync_cache(shop),
            repeat("event streams", streams.watch),
        ]
        if link is None:
            works += [dispatch_commands(shop), keep_schedule(shop), do_errands(shop)]
        else:
            shop.ping_broker = link.ping
            works.append(link.watch())
        tasks = [asyncio.create_task(each) for each in works]
        try:
            yield
        finally:
            await end(tasks)
            if link is not None:
                await link.close()
            await shop.close()
            await flush_traces()

    return opened


async def keep_schedule(shop: Shop) -> None:
    """Run the scheduled tasks of the shop until cancelled."""

    def load() -> Callable[[Shop], Awaitable[None]]:
        # TaskIQ takes a quarter of a second to import: in a thread, after the first responses.
        from app.scheduler import run_here  # pylint: disable=import-outside-toplevel

        return run_here

    await asyncio.sleep(_START_DELAY_SECONDS)
    run_here = await asyncio.to_thread(load)
    await repeat("schedule", lambda: run_here(shop))


if __name__ == "__main__":
    # Importing this module must not import the server.
    from app.server import main

    main(create_app)
