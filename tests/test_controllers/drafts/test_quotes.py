"""The prices of drafts of orders: own prices, discounts, shipping and tax."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from app.wiring.resources import Shop
from tests.support.factories import create_product
from tests.test_controllers.carts.setting import DE
from tests.test_controllers.drafts.setting import EMAIL, line, placed, read, write
from tests.test_controllers.shipping.test_shipping_methods import add_method
from tests.test_controllers.taxes.test_tax_rates import add_rate

pytestmark = pytest.mark.any_database

BERLIN = DE | {"recipient": "Ada Lovelace"}
VIENNA = {"street": "Ring 1", "city": "Wien", "postal_code": "1010", "country": "AT"}
AUSTRIAN, GERMAN = "ATU13585627", "DE136695976"
SUMS = ("discount", "shipping", "tax", "total")
DISCOUNTS = [
    {"label": "Regular customer", "percent": "10"},
    {"label": "For the delay", "amount": "5.00"},
]

Charge = Callable[..., None]


@pytest.fixture(name="charge")
def charging(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Charge:
    """Return a function that makes a shop in Germany, with a VAT number, charge tax."""

    def charge(**settings: Any) -> None:
        given = {"tax_origin": "DE", "shop_vat_id": GERMAN}
        changed = shop.settings.model_copy(update=given | settings)
        monkeypatch.setattr(shop, "settings", changed)

    return charge


async def worked_example(client: httpx.AsyncClient) -> dict[str, Any]:
    """Write a draft of three lines at two rates of tax, with two discounts."""
    await add_rate(client)
    await add_rate(client, tax_class="reduced", rate="7")
    method = await add_method(
        client, tax_class="standard", rates=[{"currency": "USD", "amount": "9.90"}]
    )
    first = await create_product(client, price="12.00", stock_quantity=10)
    second = await create_product(client, price="24.50", tax_class="reduced")
    third = await create_product(client, price="4.95")
    draft = await write(
        client,
        *(line(first, 3, "9.99"), line(second), line(third, 2)),
        discounts=DISCOUNTS,
        email=EMAIL,
        delivery_address=BERLIN,
        shipping_method_id=method["id"],
        shipping_price="4.90",
        note="Ring.",
        locale="de",
    )
    assert draft["items"] == [
        {"variant_id": first["id"], "quantity": 3, "unit_price": "9.99"},
        {"variant_id": second["id"], "quantity": 1},
        {"variant_id": third["id"], "quantity": 2},
    ]
    assert (draft["discounts"], draft["shipping_price"]) == (DISCOUNTS, "4.90")
    return draft


async def test_the_quote_has_the_prices_and_discounts_of_the_draft_to_the_cent(
    client: httpx.AsyncClient, charge: Charge
) -> None:
    charge()
    draft = await worked_example(client)
    assert await read(client, draft) == draft
    quote = draft["quote"]
    assert [each["unit_price"] for each in quote["lines"]] == ["9.99", "24.50", "4.95"]
    # 6.44 over 29.97 : 24.50 : 9.90, and then 5.00 over 26.97 : 22.05 : 8.91.
    assert [each["discount"] for each in quote["lines"]] == ["5.33", "4.35", "1.76"]
    assert [each["tax"] for each in quote["lines"]] == ["3.94", "1.32", "1.30"]
    assert quote["discounts"] == [
        {"label": "Regular customer", "amount": "6.44"},
        {"label": "For the delay", "amount": "5.00"},
    ]
    assert quote["subtotal"] == "64.37"
    assert [quote[name] for name in SUMS] == ["11.44", "4.90", "7.34", "57.83"]
    assert quote["notices"] == []


async def test_the_order_has_the_amounts_of_the_quote_and_the_labels(
    client: httpx.AsyncClient, charge: Charge
) -> None:
    charge()
    draft = await worked_example(client)
    order = await placed(client, draft)
    assert [order[name] for name in SUMS] == ["11.44", "4.90", "7.34", "57.83"]
    assert order["discounts"] == [
        {"label": label, "position": position, "amount": amount}
        for label, amounts in (
            ("Regular customer", ("3.00", "2.45", "0.99")),
            ("For the delay", ("2.33", "1.90", "0.77")),
        )
        for position, amount in enumerate(amounts, start=1)
    ]
    assert order["taxes"] == [
        {"rate": "19", "reason": "standard_rated", "net": "31.66", "tax": "6.02"},
        {"rate": "7", "reason": "standard_rated", "net": "18.83", "tax": "1.32"},
    ]
    assert (order["email"], order["note"], order["locale"]) == (EMAIL, "Ring.", "de")
    assert order["shipping_method"]["id"] == draft["shipping_method_id"]
    assert (order["user_id"], order["status"]) == (None, "pending")


async def test_a_business_of_another_member_state_pays_the_net_prices_of_the_draft(
    client: httpx.AsyncClient, charge: Charge
) -> None:
    charge()
    await add_rate(client)
    method = await add_method(
        client, tax_class="standard", rates=[{"currency": "USD", "amount": "9.90"}]
    )
    cup = await create_product(client, price="23.80")
    draft = await write(
        client,
        line(cup, 2, "11.90"),
        discounts=[{"label": "Off", "amount": "2.00"}],
        delivery_address=VIENNA,
        vat_number="at u-13585627",
        shipping_method_id=method["id"],
        shipping_price="4.90",
    )
    quote = draft["quote"]
    assert (quote["lines"][0]["unit_price"], quote["shipping"]) == ("10.00", "4.12")
    assert (quote["total"], quote["prices_include_tax"]) == ("22.12", False)
    order = await placed(client, draft)
    assert (order["total"], order["vat_number"]) == ("22.12", AUSTRIAN)
    assert order["taxes"] == [
        {"rate": "0", "reason": "reverse_charge", "net": "22.12", "tax": "0.00"}
    ]


async def test_tax_is_added_to_the_prices_of_a_draft_if_prices_exclude_tax(
    client: httpx.AsyncClient, charge: Charge
) -> None:
    charge(prices_include_tax=False)
    await add_rate(client)
    cup = await create_product(client, price="12.00")
    draft = await write(
        client, line(cup, 2, "10.00"), discounts=[{"label": "Off", "percent": "50"}]
    )
    quote = draft["quote"]
    assert (quote["subtotal"], quote["tax"], quote["total"]) == ("20.00", "1.90", "11.90")
    assert (await placed(client, draft))["total"] == "11.90"
