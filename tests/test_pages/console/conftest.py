"""Fixtures: somebody of the staff with a browser."""

import httpx
import pytest_asyncio

from app.models import UserRole
from app.wiring.resources import Shop
from tests.support.accounts import set_user
from tests.support.factories import create_user
from tests.test_pages.browser import Browser


@pytest_asyncio.fixture(name="packer", loop_scope="session")
async def somebody_of_the_staff(browser: Browser, client: httpx.AsyncClient, shop: Shop) -> Browser:
    """A browser in which a member of the staff is logged in."""
    user = await create_user(client)
    await set_user(shop, user["id"], role=UserRole.STAFF)
    await browser.log_in(user["email"])
    return browser
