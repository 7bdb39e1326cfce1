"""The shipping methods of the demo shop."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.schemas.shipping.shipping_method_schema import ShippingMethodCreate
from app.security.principal import SYSTEM
from app.wiring.areas.shipping import provide_shipping_methods
from app.wiring.resources import Shop

_METHODS: tuple[Mapping[str, Any], ...] = (
    {
        "name": "Standard",
        "description": "To the door; free from 35.00 on.",
        "carrier": "Parcel post",
        "min_days": 2,
        "max_days": 4,
        "max_weight_grams": 30_000,
        "position": 1,
        "rates": [{"amount": "4.90"}, {"from_subtotal": "35.00", "amount": "0.00"}],
    },
    {
        "name": "Pick-up",
        "description": "In the store.",
        "is_pickup": True,
        "min_days": 0,
        "max_days": 1,
        "position": 2,
        "rates": [{"amount": "0.00"}],
    },
)


async def add_shipping_methods(shop: Shop) -> UUID:
    """Add the shipping methods, with rates in the currency of the shop; return the first one."""
    own = {"currency": shop.settings.shop_currency}
    async with shop.database.write() as session:
        methods = provide_shipping_methods(session, shop)
        added = []
        for each in _METHODS:
            rates = [own | rate for rate in each["rates"]]
            data = ShippingMethodCreate.parse({**each, "rates": rates})
            added.append((await methods.add(SYSTEM, data)).id)
    return added[0]
