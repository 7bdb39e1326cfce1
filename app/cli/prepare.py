"""The first steps of every command with its shop."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.settings import Settings
from app.wiring.lifecycle import migrate_shop, prepare
from app.wiring.resources import Shop


async def prepare_shop(shop: Shop) -> None:
    """Prepare a shop, and report a new database on standard error."""
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
    """Update the schema and report a new database; return whether the schema was outdated."""
    was_behind = await migrate_shop(shop)
    _tell_if_new(shop)
    return was_behind


def _tell_if_new(shop: Shop) -> None:
    # In another folder than that of `.env`, a command would otherwise use another shop without
    # notice.
    if shop.is_new:
        print(f"new database made at {shop.settings.data_place}", file=sys.stderr)
