"""Prices in several currencies: each with its decimal places, without conversion."""

from typing import Any

import httpx
import pytest

from app.wiring.lifecycle import add_default_lists
from app.wiring.resources import Shop
from tests.support.factories import create_product, create_user
from tests.support.refusals import places_of, refused
from tests.test_controllers.prices.conftest import CURRENCIES
from tests.test_controllers.prices.lists import (
    HOUR,
    in_time,
    listed,
    make_list,
    set_prices,
    shown,
)


async def defaults_of(client: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    """Return the price lists with the ordinary prices, by their currencies."""
    items = (await shown(client, "/price-lists"))["items"]
    return {each["currency"]: each for each in items if each["is_default"]}


async def test_each_additional_currency_has_one_list_that_always_applies(
    buyer: httpx.AsyncClient, trader: Shop
) -> None:
    await add_default_lists(trader)
    lists = await defaults_of(buyer)
    assert lists.keys() == set(CURRENCIES[1:])
    path = f"/price-lists/{lists['EUR']['id']}"
    assert (await buyer.patch(path, json={"name": "Europe"})).json()["name"] == "Europe"
    moment = "2026-01-01T00:00:00Z"
    for change in ({"is_active": False}, {"starts_at": moment}, {"ends_at": moment}):
        problem = await refused(buyer, trader, "PATCH", path, json=change)
        assert (problem["status"], problem["type"]) == (409, "urn:problem:default-price-list")
    problem = await refused(buyer, trader, "DELETE", path)
    assert problem["type"] == "urn:problem:default-price-list"


@pytest.mark.parametrize(
    ("currency", "amount", "as_shown"),
    [("EUR", "9.5", "9.50"), ("JPY", "1200", "1200"), ("KWD", "3.125", "3.125")],
)
async def test_a_price_has_the_decimal_places_of_its_currency_everywhere(
    buyer: httpx.AsyncClient, currency: str, amount: str, as_shown: str
) -> None:
    product = await create_product(buyer, price="10.00")
    lists = await defaults_of(buyer)
    own = lists[currency]
    await set_prices(buyer, own, {product["id"]: amount})
    query = f"currency={currency}"
    read = await shown(buyer, f"/products/{product['id']}?{query}")
    variant = await shown(buyer, f"/variants/{product['id']}?{query}")
    (item,) = await listed(buyer, currency=currency)
    (row,) = (await shown(buyer, f"/price-lists/{own['id']}/prices"))["items"]
    assert (read["price"], variant["price"], item["price"], row["amount"]) == (as_shown,) * 4
    assert read["currency"] == item["currency"] == currency
    assert read["price_source"] == item["price_source"] == own["code"]
    # Without a currency, the response is the same as in a shop with one currency.
    assert await shown(buyer, f"/products/{product['id']}") == product


@pytest.mark.parametrize(
    ("currency", "amount", "reason"),
    [
        ("JPY", "1200.5", "must have at most 0 decimal places (JPY)"),
        ("EUR", "9.505", "must have at most 2 decimal places (EUR)"),
        ("KWD", "3.1255", "must have at most 3 decimal places (KWD)"),
    ],
)
async def test_a_price_with_more_decimal_places_than_its_currency_is_refused(
    buyer: httpx.AsyncClient, trader: Shop, currency: str, amount: str, reason: str
) -> None:
    product = await create_product(buyer)
    path = f"/price-lists/{(await defaults_of(buyer))[currency]['id']}/prices"
    body = {"prices": [{"variant_id": product["id"], "amount": amount}]}
    problem = await refused(buyer, trader, "PUT", path, json=body)
    assert places_of(problem) == {"#/prices/0/amount": reason}


async def test_in_the_first_currency_the_price_source_is_the_product(
    buyer: httpx.AsyncClient, trader: Shop
) -> None:
    product = await create_product(buyer, price="10.00")
    path = f"/products/{product['id']}?currency=USD"
    assert await shown(buyer, path) == product | {"price_source": "base"}
    assert (await listed(buyer, currency="USD", sort="price"))[0]["price_source"] == "base"
    await make_list(buyer, trader, {product["id"]: "8.00"}, code="sale")
    read = await shown(buyer, path)
    assert (read["price"], read["price_source"], read["base_price"]) == ("8.00", "sale", "10.00")


async def test_a_product_without_a_price_in_a_currency_is_not_sold_in_it(
    buyer: httpx.AsyncClient, trader: Shop
) -> None:
    product = await create_product(buyer, price="10.00")
    free = await create_product(buyer, price="10.00")
    await set_prices(buyer, (await defaults_of(buyer))["EUR"], {free["id"]: "0"})
    for path in (f"/products/{product['id']}", f"/variants/{product['id']}"):
        problem = await refused(buyer, trader, "GET", f"{path}?currency=EUR")
        assert (problem["status"], problem["type"]) == (409, "urn:problem:not-sold-in-currency")
        assert (problem["id"], problem["currency"]) == (product["id"], "EUR")
    assert [each["price"] for each in await listed(buyer, currency="EUR")] == ["0.00"]
    page = await shown(buyer, "/products?currency=EUR&count=true")
    assert page["total"] == 1
    assert await listed(buyer, currency="EUR", q="tea") == page["items"]


async def test_a_product_shows_only_variants_that_are_sold_in_the_currency(
    buyer: httpx.AsyncClient,
) -> None:
    shirt = await create_product(
        buyer,
        price="20.00",
        option_values={"Size": "S"},
        variants=[
            {"sku": "M", "option_values": {"Size": "M"}},
            {"sku": "L", "option_values": {"Size": "L"}},
        ],
    )
    small, medium, large = (each["id"] for each in shirt["variants"])
    euros = (await defaults_of(buyer))["EUR"]
    await set_prices(buyer, euros, {medium: "17.00", large: "19.00"})
    path = f"/products/{shirt['id']}?currency=EUR"
    read = await shown(buyer, path)
    assert [(each["id"], each["price"]) for each in read["variants"]] == [
        (medium, "17.00"),
        (large, "19.00"),
    ]
    assert read["price"] == "17.00"
    assert read["options"] == [{"name": "Size", "values": ["M", "L"]}]
    # The cache follows each price.
    await set_prices(buyer, euros, {small: "15.00", medium: None})
    read = await shown(buyer, path)
    assert [each["price"] for each in read["variants"]] == ["15.00", "19.00"]
    assert [each["price"] for each in await listed(buyer, currency="EUR")] == ["15.00"]


async def test_a_sale_in_a_currency_applies_only_to_that_currency(
    buyer: httpx.AsyncClient, trader: Shop
) -> None:
    product = await create_product(buyer, price="10.00")
    await set_prices(buyer, (await defaults_of(buyer))["EUR"], {product["id"]: "9.00"})
    period = {"starts_in": HOUR, "ends_in": 2 * HOUR}
    its = {product["id"]: "7.00"}
    await make_list(buyer, trader, its, code="sale", currency="EUR", **period)
    path = f"/products/{product['id']}"

    async def prices() -> list[tuple[str, str | None, str | None]]:
        read = await shown(buyer, f"{path}?currency=EUR")
        (item,) = await listed(buyer, currency="EUR")
        return [
            (each["price"], each["price_source"], each.get("compare_at_price"))
            for each in (read, item)
        ]

    assert await prices() == [("9.00", "eur-default", None)] * 2
    async with in_time(trader, HOUR):
        assert await prices() == [("7.00", "sale", "9.00")] * 2
        assert await shown(buyer, path) == product
    assert await prices() == [("9.00", "eur-default", None)] * 2


@pytest.mark.parametrize(
    ("query", "place", "reason"),
    [
        ("currency=CHF", "currency", "must be a currency of the shop: USD, EUR, JPY, KWD"),
        ("currency=eur", "currency", "must be a currency of the shop: USD, EUR, JPY, KWD"),
        ("currency=EUR&sort=price", "sort", "`price` is only for prices in USD"),
        ("currency=EUR&sort=-price", "sort", "`-price` is only for prices in USD"),
        ("currency=EUR&min_price=1", "min_price", "is only for prices in USD"),
        ("currency=EUR&max_price=1", "max_price", "is only for prices in USD"),
    ],
)
async def test_a_currency_that_does_not_fit_a_list_is_refused_by_its_parameter(
    buyer: httpx.AsyncClient, trader: Shop, query: str, place: str, reason: str
) -> None:
    problem = await refused(buyer, trader, "GET", f"/products?{query}")
    assert places_of(problem) == {place: reason}


async def test_a_list_is_in_a_currency_of_the_shop(buyer: httpx.AsyncClient, trader: Shop) -> None:
    body = {"code": "sale", "name": "Sale", "currency": "CHF"}
    problem = await refused(buyer, trader, "POST", "/price-lists", json=body)
    reason = "must be a currency of the shop: USD, EUR, JPY, KWD"
    assert places_of(problem) == {"#/currency": reason}


async def test_orders_are_in_the_first_currency(buyer: httpx.AsyncClient, trader: Shop) -> None:
    product, user = await create_product(buyer, price="10.00"), await create_user(buyer)
    await set_prices(buyer, (await defaults_of(buyer))["EUR"], {product["id"]: "7.00"})
    items = [{"product_id": product["id"], "quantity": 1}]
    body = {"user_id": user["id"], "items": items}
    order = (await buyer.post("/orders", json=body)).json()
    assert (order["total"], order["currency"]) == ("10.00", "USD")
    problem = await refused(buyer, trader, "POST", "/orders", json=body | {"currency": "EUR"})
    assert places_of(problem) == {"#/currency": "is not a field of this document"}


async def test_other_parameters_of_a_product_are_ignored_as_before(
    buyer: httpx.AsyncClient, trader: Shop
) -> None:
    product = await create_product(buyer)
    path = f"/products/{product['id']}"
    assert await shown(buyer, f"{path}?x=1") == product
    for query, reason in (
        ("currency=USD&currency=USD", "must be given once"),
        ("currency=CHF", "must be a currency of the shop: USD, EUR, JPY, KWD"),
    ):
        problem = await refused(buyer, trader, "GET", f"{path}?{query}")
        assert places_of(problem) == {"currency": reason}
