"""Applications with the routes of a few areas, for tests that need one of their own."""

from collections.abc import Iterable
from itertools import chain
from typing import Any
from unittest.mock import patch

import httpx
from litestar import Controller, Litestar

from app.controllers import catalogue, identity, orders
from app.wiring.resources import Shop
from main import create_app

WITH_ORDERS = (*identity.CONTROLLERS, *catalogue.CONTROLLERS, *orders.CONTROLLERS)
"""The controllers of the areas whose routes the factories of the tests use."""


def with_routes_of(
    shop: Shop, *areas: Iterable[type[Controller]], has_near_reads: bool = True
) -> Litestar:
    """Build an application whose API has only the controllers of some areas, and no pages.

    It takes a fifth of the time of all routes. Without areas, the application has all routes.
    """
    controllers = tuple(chain(*areas))
    if not controllers:
        return create_app(shop, has_near_reads=has_near_reads)
    with patch.multiple("main", CONTROLLERS=controllers, page_controllers=lambda _settings: []):
        return create_app(shop, has_near_reads=has_near_reads)


def transport_to(app: Litestar, **options: Any) -> httpx.ASGITransport:
    """Return a transport that calls an application without a network, with options of httpx."""
    # Litestar and httpx have different types for the same messages of ASGI.
    return httpx.ASGITransport(app=app, **options)  # type: ignore[arg-type]  # see above
