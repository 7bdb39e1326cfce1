"""The promotions of a cart, and the reasons why some do not apply."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from app.models import Redemption
from app.pricing.terms import Shipping, ShippingRate
from app.wiring.resources import Shop
from tests.support.accounts import later
from tests.support.factories import create_product
from tests.support.queries import plan_of, statements_of
from tests.test_controllers.promotions.setting import FIVE, add_code, add_coupons, add_promotion
from tests.test_services.promotions.checkout import (
    CATEGORY,
    Priced,
    assert_counted,
    goods,
    new_order,
    priced,
    redeem,
    used,
)

PAGE = (Path(__file__).parents[3] / "docs" / "promotions.md").read_text()
ROW = re.compile(r"^\| `(\w+)` \| `(\{.*\})` \| (.+) \| (.+) \| ([0-9.]+) \|$", re.MULTILINE)
SHIPPING = Shipping((ShippingRate(490),))
DAY = timedelta(days=1)


def _minor(text: str) -> int:
    return int(text.replace(".", ""))


@pytest.mark.any_database
@pytest.mark.parametrize("row", ROW.findall(PAGE), ids=lambda row: str(row[0]))
async def test_each_effect_reduces_prices_as_documented(
    client: httpx.AsyncClient, shop: Shop, row: tuple[str, ...]
) -> None:
    effect, fields, cart, taken, total = row
    promotion = await add_promotion(client, effect=effect, **{"percent": None} | json.loads(fields))
    its = await _priced_as(shop, cart)
    order_id, buyer = await new_order(client)
    await redeem(shop, order_id, its, buyer)
    expected = [_minor(each) for each in re.findall(r"[0-9.]+", taken)]
    assert _reductions(its) == expected
    assert its.quote.total_minor == _minor(total)
    async with shop.database.read() as session:
        (use,) = await session.scalars(select(Redemption))
    assert (str(use.promotion_id), use.amount_minor) == (promotion["id"], sum(expected))
    assert await used(client, promotion) == 1


async def _priced_as(shop: Shop, cart: str) -> Priced:
    """Return the quote of a cart in the notation "2 × 9.99, shipping 4.90"."""
    parts = [re.findall(r"[0-9.]+", each) for each in cart.split(", ")]
    lines = goods(*((int(part[0]), _minor(part[1])) for part in parts if len(part) == 2))
    return await priced(shop, lines=lines, shipping=SHIPPING if "shipping" in cart else None)


def _reductions(cart: Priced) -> list[int]:
    """Return the discount of each line, or of shipping if shipping is reduced."""
    shipping = cart.quote.shipping
    if shipping is not None:
        assert not any(each.discount_minor for each in cart.quote.lines)
        return [shipping.discount_minor]
    return [each.discount_minor for each in cart.quote.lines]


def test_the_document_has_an_example_of_each_effect() -> None:
    assert len(ROW.findall(PAGE)) == 6


@pytest.mark.parametrize("entered", ["SUMMER-26", "summer-26", " sum mer-26 ", "ｓｕｍｍｅｒ-26"])
async def test_a_code_is_found_in_any_spelling(
    client: httpx.AsyncClient, shop: Shop, entered: str
) -> None:
    await add_code(client, "Summer-26")
    assert (await priced(shop)).promotions == ()
    found = await priced(shop, entered, "OTHER", "other")
    assert [each.code for each in found.promotions] == ["Summer-26"]
    assert found.unknown == ("OTHER", "other")
    assert found.quote.total_minor == 900


@pytest.mark.any_database
@pytest.mark.parametrize(("effect", "total"), [("percent_order", 450), ("percent_items", 400)])
async def test_combinable_promotions_apply_in_sequence_those_of_lines_first(
    client: httpx.AsyncClient, shop: Shop, effect: str, total: int
) -> None:
    await add_promotion(client, effect="amount_order", percent=None, amounts=FIVE)
    await add_code(client, "SUMMER", effect=effect, priority=1)
    assert (await priced(shop, "SUMMER")).quote.total_minor == total


@pytest.mark.any_database
async def test_the_customer_gets_the_better_of_an_exclusive_promotion_and_the_others(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await add_promotion(client, label="ten")
    await add_promotion(client, label="twenty", percent="20", combines=False)
    its = await priced(shop)
    assert (its.quote.total_minor, its.refusals) == (800, {"ten": "not-combinable"})


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("fields", "cart", "reason"),
    [
        ({"is_active": False}, {}, "inactive"),
        ({"starts_at": "2999-01-01T00:00:00Z"}, {}, "not-begun"),
        ({"ends_at": "2001-01-01T00:00:00Z"}, {}, "expired"),
        ({"countries": ["DE"]}, {"country": "FR"}, "not-in-country"),
        ({"countries": ["DE"]}, {"country": "DE"}, None),
        ({"countries": ["DE"]}, {}, None),
        ({"min_subtotals": FIVE}, {"currency": "EUR"}, "not-in-currency"),
        (
            {"effect": "amount_order", "percent": None, "amounts": FIVE},
            {"currency": "EUR"},
            "not-in-currency",
        ),
        ({"min_subtotals": FIVE}, {}, None),
        ({"min_subtotals": [FIVE[0] | {"amount": "10.01"}]}, {}, "below-minimum"),
        ({"min_quantity": 2}, {}, "below-minimum"),
        ({"effect": "free_shipping", "percent": None}, {}, "nothing-to-reduce"),
    ],
)
async def test_a_code_that_does_not_apply_has_a_reason(
    client: httpx.AsyncClient,
    shop: Shop,
    fields: dict[str, Any],
    cart: dict[str, Any],
    reason: str | None,
) -> None:
    await add_code(client, "SUMMER", **fields, label="summer")
    its = await priced(shop, "SUMMER", **cart)
    assert its.refusals == ({} if reason is None else {"summer": reason})
    assert its.unknown == ()


@pytest.mark.any_database
@pytest.mark.parametrize(
    "fields",
    [
        {"is_active": False},
        {"starts_at": "2999-01-01T00:00:00Z"},
        {"ends_at": "2001-01-01T00:00:00Z"},
    ],
)
async def test_a_promotion_without_code_is_not_offered_outside_its_period(
    client: httpx.AsyncClient, shop: Shop, fields: dict[str, Any]
) -> None:
    await add_promotion(client, **fields)
    assert (await priced(shop)).promotions == ()


@pytest.mark.any_database
async def test_a_promotion_begins_and_ends_on_time(client: httpx.AsyncClient, shop: Shop) -> None:
    starts = shop.clock.now() + DAY
    period = {"starts_at": starts.isoformat(), "ends_at": (starts + DAY).isoformat()}
    await add_promotion(client, **period)
    totals = []
    for days in (0, 1.5, 2.5):
        with later(shop, days * DAY):
            totals.append((await priced(shop)).quote.total_minor)
    assert totals == [1_000, 900, 1_000]


@pytest.mark.any_database
async def test_a_promotion_of_products_and_categories_applies_to_their_lines(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product = await create_product(client, category="Tea")
    path = f"/products/{product['id']}/categories"
    category = (await client.get(path)).json()["items"][0]["id"]
    await add_promotion(client, label="category", category_ids=[category])
    await add_promotion(client, label="product", product_ids=[product["id"]])
    its = goods((1, 1_000), product_id=UUID(product["id"]))
    below = goods((1, 1_000), category_ids=frozenset({CATEGORY, UUID(category)}))
    other = goods((1, 1_000), category_ids=frozenset({CATEGORY}))
    assert (await priced(shop, lines=its)).refusals == {"category": "not-for-these-items"}
    assert (await priced(shop, lines=below)).refusals == {"product": "not-for-these-items"}
    assert len((await priced(shop, lines=other)).refusals) == 2


@pytest.mark.any_database
async def test_a_switched_off_coupon_does_not_apply(client: httpx.AsyncClient, shop: Shop) -> None:
    promotion = await add_promotion(client, trigger="code", label="summer")
    first, second = await add_coupons(client, promotion, count=2)
    path = f"/promotions/{promotion['id']}/coupons/{first['id']}"
    await client.patch(path, json={"is_active": False})
    assert (await priced(shop, first["code"])).refusals == {"summer": "inactive"}
    # Of two codes of one promotion, the one that can be used counts.
    both = await priced(shop, first["code"], second["code"])
    assert [each.code for each in both.promotions] == [second["code"]]
    assert (both.quote.total_minor, both.refusals) == (900, {})


@pytest.mark.parametrize("count", [1, 20])
async def test_any_number_of_codes_needs_two_statements(
    client: httpx.AsyncClient, shop: Shop, count: int
) -> None:
    await add_promotion(client, first_order_only=True)
    codes = []
    for _ in range(count):
        promotion = await add_promotion(client, trigger="code", per_customer_limit=1)
        codes += [each["code"] for each in await add_coupons(client, promotion, count=1)]
    with statements_of(shop) as noted:
        found = await priced(shop, *codes, customer=str(CATEGORY))
    assert len(found.promotions) == count + 1
    statements = [each for each in noted if "BEGIN" not in each.sql]
    assert len(statements) == 2
    # The codes are looked up, and not all coupons of each promotion read.
    plan = await plan_of(shop, statements[0], "seqscan")
    assert "ix_coupons_promotion_id" not in plan
    await assert_counted(shop)
