"""HTML pages over the same services as the API: the storefront and the console."""

from collections.abc import Sequence
from typing import Any

from litestar import Controller

from app.pages.asset_controller import AssetController
from app.pages.assets import Assets
from app.pages.console import CONSOLE
from app.pages.cookies import PageCookies
from app.pages.log_in_controller import LogInController
from app.pages.problems import EXCEPTION_HANDLERS
from app.pages.rendering import Pages
from app.pages.storefront import STOREFRONT
from app.pages.visits import Visits
from app.settings import Settings
from app.web.middleware.idempotency import Idempotency
from app.web.route_options import OwnRouter


def page_controllers(settings: Settings) -> list[type[Controller]]:
    """Return the pages: those of the console, and those of the storefront if it is on."""
    storefront = STOREFRONT if settings.storefront == "on" else ()
    return [LogInController, *CONSOLE, *storefront]


def page_router(controllers: Sequence[type[Controller]]) -> OwnRouter:
    """Return the routes of pages, with their common options."""
    return OwnRouter(
        "/",
        route_handlers=controllers,
        middleware=[Visits, Idempotency],
        exception_handlers=EXCEPTION_HANDLERS,
    )


def resources_of_pages(settings: Settings) -> dict[str, Any]:
    """Return the resources of pages in the state of the application, by name."""
    assets = Assets()
    return {
        "assets": assets,
        "cookies": PageCookies(settings),
        "pages": Pages(settings, assets),
    }


ASSET_CONTROLLERS = (AssetController,)
