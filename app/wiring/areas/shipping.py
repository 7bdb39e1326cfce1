"""Builds the services of shipping methods."""

from litestar.di import NamedDependency, Provide
from sqlalchemy.ext.asyncio import AsyncSession

from app.repositories.shipping.shipping_method_repository import ShippingMethodRepository
from app.services.shipping.shipping_method_service import ShippingMethodService
from app.services.shipping.shipping_service import ShippingService
from app.wiring.areas.system import provide_audit
from app.wiring.resources import Shop


def provide_shipping(session: AsyncSession, _shop: Shop) -> ShippingService:
    """Return the service that returns the shipping methods of a cart."""
    return ShippingService(ShippingMethodRepository(session))


def provide_shipping_methods(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> ShippingMethodService:
    """Return the service of shipping methods."""
    return ShippingMethodService(
        ShippingMethodRepository(session), provide_audit(session, shop), shop.clock
    )


ShippingMethods = NamedDependency[ShippingMethodService]

DEPENDENCIES = {"shipping_methods": Provide(provide_shipping_methods, sync_to_thread=False)}
