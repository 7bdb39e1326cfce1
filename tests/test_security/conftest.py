"""Fixtures: a client without a token, and mails that are not sent."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from litestar import Litestar

from app.jobs import mail_delivery as mailing
from app.wiring.resources import Shop
from tests.test_security.people import client_with


@pytest_asyncio.fixture(loop_scope="session")
async def nobody(
    app: Litestar, shop: Shop  # pylint: disable=unused-argument  # it empties itself afterwards
) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a token, of an empty shop."""
    async with client_with(app, None) as its:
        yield its


@pytest.fixture(autouse=True)
def mails_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not send mails: a mail that is sent is deleted, and could not be compared."""

    async def none_due(*_: object) -> bool:
        return False

    monkeypatch.setattr(mailing, "deliver_due", none_due)
