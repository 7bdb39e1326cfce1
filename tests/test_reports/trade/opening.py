"""Opens a shop with everything that can be part of an amount of an order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from tests.support.factories import create_product, create_user
from tests.test_controllers.promotions.setting import add_code, add_promotion
from tests.test_controllers.shipping.test_shipping_methods import add_method
from tests.test_controllers.taxes.test_tax_rates import add_rate

SETTINGS: dict[str, Any] = {
    "shop_timezone": "Europe/Berlin",
    "tax_origin": "DE",
    "tax_mode": "destination",
    "shop_vat_id": "DE136695976",
}
RATES = (
    ("DE", "standard", "19"),
    ("DE", "reduced", "7"),
    ("AT", "standard", "20"),
    ("AT", "reduced", "10"),
    ("FR", "standard", "20"),
    ("FR", "reduced", "5.5"),
)
GOODS = (
    ("4.99", "reduced"),
    ("0.37", "reduced"),
    ("12.50", "standard"),
    ("19.95", "standard"),
    ("7.77", "zero"),
    ("89.00", "standard"),
    ("3.33", "exempt"),
)
PLACES = (
    ("DE", "10117", "Berlin"),
    ("DE", "20095", "Hamburg"),
    ("AT", "1010", "Wien"),
    ("FR", "75001", "Paris"),
    # This country has no tax rates: an order to it is an export without tax.
    ("CH", "8001", "Zürich"),
)
VAT_NUMBER = "ATU13585627"
"""The VAT number of a business in Austria, whose orders are taxed there."""
CODES = ("TENTH", "THREE", "POST")


@dataclass(frozen=True)
class Shelf:
    """The products, users and shipping methods that orders choose from."""

    products: list[str]
    methods: list[str]
    users: list[str]


def address_in(place: tuple[str, str, str]) -> Mapping[str, str]:
    """Return an address in a place."""
    country, postal_code, city = place
    return {
        "recipient": "Ada Lovelace",
        "street": "1 Long Lane",
        "city": city,
        "postal_code": postal_code,
        "country": country,
    }


async def open_for_trade(client: httpx.AsyncClient) -> Shelf:
    """Fill a shop with the settings `SETTINGS` over its API."""
    for country, tax_class, rate in RATES:
        await add_rate(client, country=country, tax_class=tax_class, rate=rate)
    products = [
        (await create_product(client, price=price, tax_class=tax_class, stock_quantity=1_000_000))[
            "id"
        ]
        for price, tax_class in GOODS
    ]
    anywhere: dict[str, Any] = {"countries": [], "excluded_postal_prefixes": []}
    methods = [
        (await add_method(client, name=name, **anywhere, **fields))["id"]
        for name, fields in (
            ("Standard", {}),
            ("Express", {"rates": [{"currency": "USD", "amount": "14.99"}], "position": 2}),
        )
    ]
    await add_promotion(client, percent="7.5", product_ids=products[:2])
    await add_promotion(
        client,
        effect="amount_items",
        percent=None,
        amounts=[{"currency": "USD", "amount": "1.11"}],
        product_ids=products[2:3],
        min_quantity=2,
    )
    await add_code(client, "TENTH", effect="percent_order")
    await add_code(
        client,
        "THREE",
        effect="amount_order",
        percent=None,
        amounts=[{"currency": "USD", "amount": "3.00"}],
    )
    await add_code(client, "POST", effect="free_shipping", percent=None)
    users = [(await create_user(client))["id"] for _ in range(4)]
    return Shelf(products, methods, users)
