"""Fixtures: browsers of a guest and of a member of the staff."""

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio
from litestar import Litestar

from app.wiring.resources import Shop
from tests.test_pages.browser import Browser, log_in_as


@pytest_asyncio.fixture(name="browser", loop_scope="session")
async def a_browser(
    app: Litestar, shop: Shop  # pylint: disable=unused-argument  # it empties itself afterwards
) -> AsyncIterator[Browser]:
    """A browser without a log-in."""
    browser = Browser(app)
    yield browser
    await browser.http.aclose()


@pytest_asyncio.fixture(name="packer", loop_scope="session")
async def somebody_of_the_staff(browser: Browser, client: httpx.AsyncClient, shop: Shop) -> Browser:
    """A browser in which a member of the staff is logged in."""
    await log_in_as(browser, client, shop)
    return browser
