"""Updates caches and lists of products when price lists begin and end."""

import asyncio
from datetime import datetime

from app.runtime.supervisor import repeat
from app.wiring.areas.prices import provide_price_changes
from app.wiring.resources import Shop

_POLL_SECONDS = 1.0


async def follow_price_lists(shop: Shop) -> None:
    """Derive the listed prices of products again at each change of prices, until cancelled."""

    async def follow() -> None:
        await asyncio.sleep(await follow_once(shop))

    await repeat("price lists", follow)


async def follow_once(shop: Shop) -> float:
    """Derive the next products whose prices have changed; return the seconds to wait after it."""
    async with shop.database.read() as session:
        changes = provide_price_changes(session, shop)
        # This precedes the query of due changes, so that one of both finds a change in between.
        change = await changes.next_change()
        is_due = await changes.has_due()
    return 0.0 if is_due and await follow_due(shop) else _pause(shop, change)


async def follow_due(shop: Shop) -> bool:
    """Derive the next products whose prices have changed; return whether there were any.

    Each transaction records its progress, so that the work continues after a crash.
    """
    async with shop.database.write() as session:
        return await provide_price_changes(session, shop).derive_some()


def _pause(shop: Shop, change: datetime | None) -> float:
    """Return the seconds until the next change, but at most the interval of the checks."""
    if change is None:
        shop.cache.end_prices_in(None)
        return _POLL_SECONDS
    seconds = max((change - shop.clock.now()).total_seconds(), 0.0)
    shop.cache.end_prices_in(seconds)
    return min(seconds, _POLL_SECONDS)
