"""Has what is cached and listed follow the price lists that begin and end."""

import asyncio
from datetime import datetime

from app.runtime.supervisor import repeat
from app.wiring.areas.prices import provide_price_changes
from app.wiring.resources import Shop

_POLL_SECONDS = 1.0


async def follow_price_lists(shop: Shop) -> None:
    """Derive what lists of products show at each change of prices, until cancelled."""

    async def follow() -> None:
        await asyncio.sleep(await follow_once(shop))

    await repeat("price lists", follow)


async def follow_once(shop: Shop) -> float:
    """Derive the next products whose prices have changed; return the seconds to wait then."""
    async with shop.database.read() as session:
        changes = provide_price_changes(session, shop)
        # Before looking at what is due: what changes in between is in one of both.
        change = await changes.next_change()
        is_due = await changes.has_due()
    return 0.0 if is_due and await follow_due(shop) else _pause(shop, change)


async def follow_due(shop: Shop) -> bool:
    """Derive the next products whose prices have changed; return whether there were any.

    Each transaction records how far it came, so that it goes on after a crash.
    """
    async with shop.database.write() as session:
        return await provide_price_changes(session, shop).derive_some()


def _pause(shop: Shop, change: datetime | None) -> float:
    """Return the seconds until the next change, but no more than those between two looks."""
    if change is None:
        shop.cache.end_prices_in(None)
        return _POLL_SECONDS
    seconds = max((change - shop.clock.now()).total_seconds(), 0.0)
    shop.cache.end_prices_in(seconds)
    return min(seconds, _POLL_SECONDS)
