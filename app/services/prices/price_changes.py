"""Updates lists of products and the cache when price lists begin, end or change."""

from datetime import datetime
from uuid import UUID

from app.core.clock import Clock
from app.models import PriceList
from app.repositories.prices.listed_price_repository import ListedPriceRepository
from app.repositories.prices.price_list_repository import PriceListRepository
from app.repositories.prices.price_repository import PriceRepository

_AT_ONCE = 500
_FIRST = UUID(int=0)


class PriceChanges:
    """Derives the listed prices of products from the price lists."""

    def __init__(
        self,
        lists: PriceListRepository,
        prices: PriceRepository,
        listed: ListedPriceRepository,
        clock: Clock,
    ) -> None:
        self._lists = lists
        self._prices = prices
        self._listed = listed
        self._clock = clock

    async def has_due(self) -> bool:
        """Return whether the listed prices of products are out of date."""
        return await self._lists.has_due(self._clock.now())

    async def next_change(self) -> datetime | None:
        """Return the next moment at which a price list begins or ends, if there is any."""
        return await self._lists.next_change(self._clock.now())

    async def derive_some(self) -> bool:
        """Derive the next products of a price list that is due; return whether there was one.

        Several processes can do so at once, each for another list.
        """
        due = await self._lists.take_due(self._clock.now())
        if due is not None:
            await self.follow(due)
        return due is not None

    async def follow(self, price_list: PriceList) -> None:
        """Derive the next products of a locked list, if it began, ended or was archived.

        The remaining products are due, and `derive_some` continues with them.
        """
        applies = price_list.applies_at(self._clock.now())
        if applies != price_list.is_listed:
            # If products are still being derived for an earlier change, this starts again from the
            # first one.
            price_list.is_listed, price_list.listed_up_to = applies, _FIRST
        if price_list.listed_up_to is not None:
            variants, products = await self._prices.following(
                price_list.id, price_list.listed_up_to, _AT_ONCE
            )
            await self._lists.flush()
            await self._listed.derive(products)
            price_list.listed_up_to = variants[-1] if len(variants) == _AT_ONCE else None
        if price_list.archived_at is not None and price_list.listed_up_to is None:
            await self._prices.clear(price_list.id)
            await self._lists.delete(price_list)

    async def derive(self, products: set[UUID]) -> None:
        """Derive products whose prices in a list that applies have changed."""
        await self._listed.derive(products)
