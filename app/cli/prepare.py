"""What every command does first with its shop."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.settings import Settings
from app.wiring.lifecycle import migrate_shop, prepare
from app.wiring.resources import Shop


async def prepare_shop(shop: Shop) -> None:
    """Prepare a shop, and tell on standard error if its database is new."""
    await prepare(shop)
    _tell_if_new(shop)


@asynccontextmanager
async def opened_shop(settings: Settings) -> AsyncIterator[Shop]:
    """Open a prepared shop, and close it."""
    shop = Shop(settings)
    try:
        await prepare_shop(shop)
        yield shop
    finally:
        await shop.close()


async def update_schema(shop: Shop) -> bool:
    """Update the schema and tell if the database is new; return whether it was outdated."""
    was_behind = await migrate_shop(shop)
    _tell_if_new(shop)
    return was_behind


def _tell_if_new(shop: Shop) -> None:
    # In another folder than that of `.env`, a command would otherwise use another shop unnoticed.
    if shop.is_new:
        print(f"new database made at {shop.settings.data_place}", file=sys.stderr)
