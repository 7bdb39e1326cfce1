"""Fixtures: a browser for each test, and the people who use it."""

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio
from litestar import Litestar

from app.models import UserRole
from app.wiring.resources import Shop
from tests.support.accounts import set_user
from tests.support.factories import create_user
from tests.test_pages.browser import Browser


@pytest_asyncio.fixture(name="browser", loop_scope="session")
async def a_browser(
    app: Litestar, shop: Shop  # pylint: disable=unused-argument  # it empties itself afterwards
) -> AsyncIterator[Browser]:
    """A browser in which nobody is logged in."""
    browser = Browser(app)
    yield browser
    await browser.http.aclose()


@pytest_asyncio.fixture(name="packer", loop_scope="session")
async def somebody_of_the_staff(browser: Browser, client: httpx.AsyncClient, shop: Shop) -> Browser:
    """A browser in which a member of the staff is logged in."""
    user = await create_user(client)
    await set_user(shop, user["id"], role=UserRole.STAFF)
    await browser.log_in(user["email"])
    return browser
