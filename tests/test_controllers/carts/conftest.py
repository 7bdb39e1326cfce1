"""The client of somebody who has not logged in."""

from collections.abc import AsyncIterator
from itertools import count

import httpx
import pytest_asyncio
from litestar import Litestar

from app.wiring.resources import Shop
from tests.support.accounts import at

_hosts = count(1)


@pytest_asyncio.fixture(name="nobody", loop_scope="session")
async def somebody_who_has_not_logged_in(
    app: Litestar, shop: Shop  # pylint: disable=unused-argument  # it empties itself afterwards
) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a token, from an address whose limits no other test has used."""
    async with at(app, f"198.18.{next(_hosts)}.1") as client:
        yield client
