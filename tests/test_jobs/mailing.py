"""Opens shops that send their mails only when a test calls `deliver`."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
from litestar import Controller

from app.controllers.identity import CONTROLLERS as IDENTITY
from app.core.ids import new_id
from app.jobs.mail_delivery import deliver_due, sender_of
from app.models import OutgoingMail
from app.settings import Settings
from app.wiring.resources import Shop
from tests.conftest import client_of
from tests.support.accounts import standing


def to(port: int, **changes: Any) -> dict[str, Any]:
    """Return the settings of a mail server on a port, with changes."""
    plain = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none"}
    return plain | changes


@asynccontextmanager
async def mailing(
    settings: Settings, controllers: Iterable[type[Controller]] = IDENTITY, **changes: Any
) -> AsyncIterator[tuple[Shop, httpx.AsyncClient]]:
    """Open a shop that sends its mails only when a test calls `deliver`, and a client of it.

    Its API has the given controllers.
    """
    own = settings.model_copy(update=changes)
    async with standing(own, controllers) as app, client_of(app) as client:
        yield app.state.shop, client


async def deliver(shop: Shop) -> bool:
    """Send the mails that are due; return whether there were any."""
    return await deliver_due(shop, sender_of(shop.settings))


async def write(shop: Shop, user: dict[str, Any], *recipients: str) -> None:
    """Store mails to any recipients, without the checks of the routes."""
    now = shop.clock.now()
    async with shop.database.write() as session:
        for number, recipient in enumerate(recipients):
            session.add(
                OutgoingMail(
                    id=new_id(now),
                    user_id=UUID(user["id"]),
                    recipient=recipient,
                    subject=f"Mail {number}",
                    body="Hello\n",
                    created_at=now,
                    due_at=now,
                )
            )
