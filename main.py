"""The entry point: builds the application; `python main.py` runs the shop."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.logging import LoggingConfig

from app.controllers.health_controller import HealthController
from app.controllers.order_controller import OrderController
from app.controllers.product_controller import ProductController
from app.controllers.user_controller import AddressController, UserController
from app.dependencies import DEPENDENCIES, Shop
from app.settings import get_settings
from app.web.documentation import documentation, documentation_assets
from app.web.idempotency import Idempotency
from app.web.limits import BodyLimits
from app.web.methods import AllowPlugin
from app.web.problems import EXCEPTION_HANDLERS
from app.web.request import ShopRequest
from app.web.schemas import SchemaPlugin

API = "/api/v1"


def create_app(shop: Shop | None = None) -> Litestar:
    """Build the application over the shop of the settings, or over another one."""
    shop = shop or Shop(get_settings())
    api = Router(
        API,
        route_handlers=[UserController, AddressController, ProductController, OrderController],
        middleware=[Idempotency],
    )
    app = Litestar(
        route_handlers=[api, HealthController, documentation_assets()],
        dependencies=DEPENDENCIES,
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=[_opened(shop)],
        # Each fault is logged once, with its request, where it is rendered.
        logging_config=LoggingConfig(log_exceptions="never", configure_root_logger=False),
        openapi_config=documentation(),
        plugins=[SchemaPlugin(), AllowPlugin()],
        # Ours applies to streamed bodies too, and has a time limit.
        request_max_body_size=None,
        request_class=ShopRequest,
        state=State({"shop": shop}),
    )
    app.asgi_handler = BodyLimits(app.asgi_handler)
    return app


def _opened(shop: Shop) -> Any:
    @asynccontextmanager
    async def opened(_app: Litestar) -> AsyncIterator[None]:
        await shop.prepare()
        # What is alive now lives as long as the process: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        try:
            yield
        finally:
            await shop.close()

    return opened


if __name__ == "__main__":
    # The server's own imports are of no use to whoever imports this module.
    from app.server import main

    main(create_app)
