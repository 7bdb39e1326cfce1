"""Fixtures of the tests of the storefront."""

from collections.abc import AsyncIterator

import pytest_asyncio
from litestar import Litestar

from app.wiring.resources import Shop
from tests.test_pages.storefront.browser import Browser


@pytest_asyncio.fixture(loop_scope="session")
async def browser(
    app: Litestar, shop: Shop  # pylint: disable=unused-argument  # it empties itself afterwards
) -> AsyncIterator[Browser]:
    """A browser of a guest."""
    async with Browser(app) as its:
        yield its
