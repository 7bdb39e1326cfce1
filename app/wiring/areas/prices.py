"""Builds the services of price lists."""

from litestar.di import NamedDependency, Provide
from sqlalchemy.ext.asyncio import AsyncSession

from app.repositories.prices.listed_price_repository import ListedPriceRepository
from app.repositories.prices.price_list_repository import PriceListRepository
from app.repositories.prices.price_repository import PriceRepository
from app.services.prices.price_changes import PriceChanges
from app.services.prices.price_list_service import PriceListService
from app.wiring.areas.system import provide_audit
from app.wiring.resources import Shop


def provide_price_changes(session: AsyncSession, shop: Shop) -> PriceChanges:
    """Return the service that updates lists of products when price lists change."""
    return PriceChanges(
        PriceListRepository(session),
        PriceRepository(session),
        ListedPriceRepository(session),
        shop.clock,
    )


def provide_price_lists(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> PriceListService:
    """Return the service of price lists."""
    return PriceListService(
        PriceListRepository(session),
        PriceRepository(session),
        provide_price_changes(session, shop),
        provide_audit(session, shop),
        shop.clock,
        shop.settings.shop_currency,
    )


PriceLists = NamedDependency[PriceListService]

DEPENDENCIES = {"price_lists": Provide(provide_price_lists, sync_to_thread=False)}
