"""Fixtures: a browser for each test, and the people who use it."""

from collections.abc import AsyncIterator

import pytest_asyncio
from litestar import Litestar

from app.wiring.resources import Shop
from tests.test_pages.browser import Browser


@pytest_asyncio.fixture(name="browser", loop_scope="session")
async def a_browser(
    app: Litestar, shop: Shop  # pylint: disable=unused-argument  # it empties itself afterwards
) -> AsyncIterator[Browser]:
    """A browser in which nobody is logged in."""
    browser = Browser(app)
    yield browser
    await browser.http.aclose()
