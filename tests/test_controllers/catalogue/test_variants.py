"""Variants of products: added, shown, changed, ordered and archived over HTTP."""

import asyncio
from collections import Counter
from itertools import product as combinations
from typing import Any

import httpx
import pytest

from tests.support.factories import create_product, create_user
from tests.support.ledger import every
from tests.support.refusals import places_of, refusal_of

SIZES, COLOURS, CUTS = (
    ("S", "M", "L"),
    [f"colour {n}" for n in range(8)],
    [f"{n}" for n in range(8)],
)


async def create_shirt(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    """Add a product in two sizes."""
    shirt = {
        "name": "Shirt",
        "sku": "SHIRT-S",
        "price": "20.00",
        "stock_quantity": 5,
        "option_values": {"Size": "S"},
        "variants": [
            {
                "sku": "SHIRT-M",
                "option_values": {"Size": "M"},
                "price": "22.50",
                "stock_quantity": 3,
            }
        ],
    }
    return await create_product(client, **shirt | changes)


async def shown(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    """Return the response to a GET request."""
    response = await client.get(path)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


async def order(client: httpx.AsyncClient, *items: dict[str, Any]) -> httpx.Response:
    """Place an order of a new user."""
    user = await create_user(client)
    return await client.post("/orders", json={"user_id": user["id"], "items": list(items)})


async def test_a_product_is_added_with_its_variants(client: httpx.AsyncClient) -> None:
    shirt = await create_shirt(client)
    small, medium = shirt["variants"]
    assert (small["id"], small["product_id"]) == (shirt["id"], shirt["id"])
    assert medium["product_id"] == shirt["id"] != medium["id"]
    assert shirt["options"] == [{"name": "Size", "values": ["S", "M"]}]
    assert [each["option_values"] for each in shirt["variants"]] == [{"Size": "S"}, {"Size": "M"}]
    assert [each["price"] for each in shirt["variants"]] == ["20.00", "22.50"]
    assert (shirt["price"], shirt["stock_quantity"], shirt["variants_count"]) == ("20.00", 8, 2)
    assert await shown(client, f"/products/{shirt['id']}") == shirt
    assert await shown(client, f"/variants/{medium['id']}") == medium
    movements = await every(client, f"/products/{shirt['id']}/stock")
    assert Counter(each.get("variant_id") for each in movements) == {None: 1, medium["id"]: 1}
    assert [
        each["quantity"] for each in await every(client, f"/variants/{medium['id']}/stock")
    ] == [3]


async def test_a_product_without_options_does_not_list_variants(
    client: httpx.AsyncClient,
) -> None:
    product = await create_product(client)
    assert not {"variants", "options", "tracks_stock"} & product.keys()
    variant = await shown(client, f"/variants/{product['id']}")
    assert (variant["sku"], variant["option_values"]) == (product["sku"], {})
    policy = {"allows_backorder": True, "weight_grams": 120, "barcode": "4006381333931"}
    response = await client.patch(f"/products/{product['id']}", json=policy)
    assert policy.items() <= response.json().items()
    assert policy.items() <= (await shown(client, f"/variants/{product['id']}")).items()


async def test_lists_show_the_lowest_price_and_the_best_availability(
    client: httpx.AsyncClient,
) -> None:
    shirt = await create_shirt(client, stock_quantity=0)
    (listed,) = await every(client, "/products")
    assert (listed["price"], listed["availability"]) == ("20.00", "low")
    medium = shirt["variants"][1]
    await client.post(f"/variants/{medium['id']}/stock", json={"quantity": 9, "reason": "supply"})
    assert [each["availability"] for each in await every(client, "/products")] == ["in_stock"]
    await client.patch(f"/variants/{shirt['id']}", json={"is_active": False})
    (listed,) = await every(client, "/products", in_stock="true")
    assert listed["price"] == "22.50"
    assert [each["sku"] for each in await every(client, "/products", sku="SHIRT-M")] == ["SHIRT-S"]
    assert [each["sku"] for each in await every(client, "/products", q="shirt m")] == ["SHIRT-S"]


async def test_a_variant_is_ordered_by_its_id_and_a_product_only_if_it_has_one_variant(
    client: httpx.AsyncClient,
) -> None:
    shirt, tea = await create_shirt(client), await create_product(client)
    medium = shirt["variants"][1]
    answer = await order(client, {"product_id": shirt["id"], "quantity": 1})
    assert refusal_of(answer) == (409, "variant-required")
    assert [each["variant_id"] for each in answer.json()["variants"]] == [
        each["id"] for each in shirt["variants"]
    ]
    answer = await order(
        client,
        {"variant_id": medium["id"], "quantity": 2},
        {"variant_id": shirt["id"], "quantity": 1},
        {"product_id": tea["id"], "quantity": 1},
    )
    items = answer.json()["items"]
    assert [each["name"] for each in items] == ["Shirt, M", "Shirt, S", tea["name"]]
    assert [each["product_id"] for each in items] == [shirt["id"], shirt["id"], tea["id"]]
    assert [each.get("variant_id") for each in items] == [medium["id"], None, None]
    assert [each["unit_price"] for each in items] == ["22.50", "20.00", tea["price"]]
    assert await shown(client, f"/orders/{answer.json()['id']}") == answer.json()
    now = await shown(client, f"/products/{shirt['id']}")
    assert [each["stock_quantity"] for each in now["variants"]] == [4, 1]
    answer = await order(client, {"variant_id": medium["id"], "quantity": 2})
    assert answer.json()["products"] == [
        {"product_id": shirt["id"], "variant_id": medium["id"], "asked": 2, "available": 1}
    ]
    response = await client.post(f"/orders/{(await every(client, '/orders'))[0]['id']}/cancel")
    assert response.status_code == 200
    now = await shown(client, f"/products/{shirt['id']}")
    assert [each["stock_quantity"] for each in now["variants"]] == [5, 3]


@pytest.mark.parametrize(
    ("line", "places"),
    [
        ({}, {"#/items/0/product_id": "is required"}),
        (
            {"product_id": "{id}", "variant_id": "{id}"},
            {"#/items/0/variant_id": "must not be given together with product_id"},
        ),
    ],
)
async def test_a_line_names_a_product_or_a_variant(
    client: httpx.AsyncClient, line: dict[str, str], places: dict[str, str]
) -> None:
    product = await create_product(client)
    ids = {name: product["id"] for name in line}
    answer = await order(client, ids | {"quantity": 1})
    assert answer.status_code == 400
    assert places_of(answer.json()) == places


async def test_an_unknown_or_archived_variant_is_not_ordered(client: httpx.AsyncClient) -> None:
    shirt = await create_shirt(client)
    medium = shirt["variants"][1]
    assert (await client.delete(f"/variants/{medium['id']}")).status_code == 204
    for variant_id in (medium["id"], "0199a1b2-7c00-7d00-8e00-0123456789ab"):
        answer = await order(client, {"variant_id": variant_id, "quantity": 1})
        assert refusal_of(answer) == (404, "variant-not-found")
        assert refusal_of(await client.get(f"/variants/{variant_id}")) == (404, "variant-not-found")
    # The product has one variant now, so a line can name the product.
    assert (await order(client, {"product_id": shirt["id"], "quantity": 1})).status_code == 201
    answer = await client.delete(f"/variants/{shirt['id']}")
    assert refusal_of(answer) == (409, "last-variant")
    # The SKU stays in use by the variant that was sold.
    data = {"sku": "SHIRT-M", "option_values": {"Size": "M"}}
    answer = await client.post(f"/products/{shirt['id']}/variants", json=data)
    assert refusal_of(answer) == (409, "sku-taken")
    answer = await client.post(f"/products/{shirt['id']}/variants", json=data | {"sku": "M2"})
    assert answer.status_code == 201


async def test_after_the_first_variant_is_archived_the_product_shows_the_next_one(
    client: httpx.AsyncClient,
) -> None:
    shirt = await create_shirt(client)
    medium = shirt["variants"][1]
    await client.delete(f"/variants/{shirt['id']}")
    now = await shown(client, f"/products/{shirt['id']}")
    assert (now["sku"], now["price"], now["stock_quantity"]) == ("SHIRT-M", "22.50", 3)
    answer = await order(client, {"product_id": shirt["id"], "quantity": 1})
    assert refusal_of(answer) == (409, "variant-required")
    assert [each["variant_id"] for each in answer.json()["variants"]] == [medium["id"]]


async def test_fields_of_variants_are_not_changed_through_the_product(
    client: httpx.AsyncClient,
) -> None:
    shirt = await create_shirt(client)
    for change in ({"price": "1.00"}, {"sku": "NEW"}, {"stock_quantity": 1}):
        answer = await client.patch(f"/products/{shirt['id']}", json=change)
        assert refusal_of(answer) == (409, "variant-required")
    data = {"quantity": 1, "reason": "supply"}
    answer = await client.post(f"/products/{shirt['id']}/stock", json=data)
    assert refusal_of(answer) == (409, "variant-required")
    answer = await client.patch(f"/products/{shirt['id']}", json={"name": "Blouse"})
    assert (answer.json()["name"], answer.json()["version"]) == ("Blouse", 2)
    assert answer.json()["variants"] == shirt["variants"]


async def test_a_variant_is_changed_only_if_the_etag_matches(
    client: httpx.AsyncClient,
) -> None:
    shirt = await create_shirt(client)
    path = f"/variants/{shirt['variants'][1]['id']}"
    etag = (await client.get(path)).headers["ETag"]
    change = {"price": "9.00", "stock_quantity": 7, "position": 1, "option_values": {"size": "XL"}}
    response = await client.patch(path, json=change, headers={"If-Match": etag})
    changed = response.json()
    assert (changed["price"], changed["stock_quantity"], changed["version"]) == ("9.00", 7, 2)
    assert (changed["position"], changed["option_values"]) == (1, {"Size": "XL"})
    again = await client.patch(path, json=change, headers={"If-Match": etag})
    assert refusal_of(again) == (412, "precondition-failed")
    now = await shown(client, f"/products/{shirt['id']}")
    assert [each["sku"] for each in now["variants"]] == ["SHIRT-M", "SHIRT-S"]
    assert (now["sku"], now["price"]) == ("SHIRT-M", "9.00")
    movements = await every(client, f"{path}/stock")
    assert [each["reason"] for each in movements] == ["stocktake", "supply"]


@pytest.mark.parametrize(
    ("values", "detail"),
    [
        ({}, "must have a value for Size"),
        ({"Size": "L", "Colour": "red"}, "Colour is not an option of the product"),
    ],
)
async def test_a_variant_has_a_value_for_each_option(
    client: httpx.AsyncClient, values: dict[str, str], detail: str
) -> None:
    shirt = await create_shirt(client)
    data = {"sku": "NEW", "option_values": values}
    answer = await client.post(f"/products/{shirt['id']}/variants", json=data)
    assert places_of(answer.json()) == {"#/option_values": detail}
    answer = await client.patch(f"/variants/{shirt['id']}", json={"option_values": values})
    assert places_of(answer.json()) == {"#/option_values": detail}


async def test_option_values_differ_by_more_than_case(client: httpx.AsyncClient) -> None:
    shirt = await create_shirt(client)
    data = {"sku": "NEW", "option_values": {"Size": "m"}}
    answer = await client.post(f"/products/{shirt['id']}/variants", json=data)
    assert refusal_of(answer) == (409, "variant-exists")
    answer = await client.patch(f"/variants/{shirt['id']}", json={"option_values": {"Size": "m"}})
    assert refusal_of(answer) == (409, "variant-exists")
    twice: dict[str, Any] = {"name": "Cap", "category": "Caps", "price": "1.00", "sku": "CAP"}
    twice |= {"option_values": {"Size": "S"}, "variants": [data | {"option_values": {"Size": "s"}}]}
    assert refusal_of(await client.post("/products", json=twice)) == (409, "variant-exists")
    assert len(await every(client, "/products")) == 1


async def test_missing_combinations_of_options_are_added_once(client: httpx.AsyncClient) -> None:
    shirt = await create_product(client, sku="SHIRT", option_values={"Size": "S", "Colour": "Red"})
    path = f"/products/{shirt['id']}/variants/missing"
    wanted = {"option_values": {"size": ["s", "M", "L"], "Colour": ["Blue"]}, "price": "7.00"}
    made = (await client.post(path, json=wanted)).json()["items"]
    assert [each["sku"] for each in made] == [
        "SHIRT-S-Blue",
        "SHIRT-M-Red",
        "SHIRT-M-Blue",
        "SHIRT-L-Red",
        "SHIRT-L-Blue",
    ]
    assert {each["price"] for each in made} == {"7.00"}
    assert (await client.post(path, json=wanted)).json() == {"items": []}
    many = {"option_values": {"Size": [f"{n}" for n in range(200)]}}
    answer = await client.post(path, json=many)
    assert refusal_of(answer) == (409, "too-many-variants")
    assert (await shown(client, f"/products/{shirt['id']}"))["variants_count"] == 6


async def test_a_backorder_owes_units_and_is_not_a_shortage(client: httpx.AsyncClient) -> None:
    product = await create_product(client, stock_quantity=1, allows_backorder=True)
    answer = await order(client, {"product_id": product["id"], "quantity": 4})
    assert answer.status_code == 201
    variant = await shown(client, f"/variants/{product['id']}")
    assert (variant["stock_quantity"], variant["availability"]) == (-3, "backorder")
    assert (await shown(client, f"/products/{product['id']}"))["stock_quantity"] == 0
    (listed,) = await every(client, "/products")
    assert listed["availability"] == "backorder"
    response = await client.patch(f"/products/{product['id']}", json={"allows_backorder": False})
    assert refusal_of(response) == (409, "insufficient-stock")


async def test_a_variant_that_tracks_no_stock_is_always_available(
    client: httpx.AsyncClient,
) -> None:
    product = await create_product(client, stock_quantity=0, tracks_stock=False)
    answer = await order(client, {"product_id": product["id"], "quantity": 900})
    assert answer.status_code == 201
    assert (await every(client, "/products"))[0]["availability"] == "in_stock"
    assert await every(client, "/variants", stock="low") == []


async def test_variants_with_low_stock_are_listed_longest_low_first(
    client: httpx.AsyncClient,
) -> None:
    first = await create_product(client, stock_quantity=9)
    second = await create_product(client, stock_quantity=30, low_stock_at=28)
    await create_product(client, stock_quantity=9)
    for product in (second, first):
        await order(client, {"product_id": product["id"], "quantity": 4})
    low = await every(client, "/variants", stock="low", sort="low_since")
    assert [each["id"] for each in low] == [second["id"], first["id"]]
    await client.post(f"/products/{first['id']}/stock", json={"quantity": 9, "reason": "supply"})
    low = await every(client, "/variants", stock="low")
    assert [each["id"] for each in low] == [second["id"]]
    assert [each["id"] for each in await every(client, "/variants", sku=first["sku"])] == [
        first["id"]
    ]
    assert [each["id"] for each in await every(client, "/variants", product_id=second["id"])] == [
        second["id"]
    ]


async def test_the_last_unit_of_a_variant_is_sold_once(client: httpx.AsyncClient) -> None:
    shirt = await create_shirt(client)
    line = {"variant_id": shirt["variants"][1]["id"], "quantity": 3}
    answers = await asyncio.gather(*(order(client, line) for _ in range(8)))
    assert Counter(each.status_code for each in answers) == {201: 1, 409: 7}


async def test_many_writers_make_no_combination_twice(
    client: httpx.AsyncClient,
) -> None:
    product = await create_product(
        client, option_values={"Size": "S", "Colour": COLOURS[0], "Cut": CUTS[0]}
    )
    wanted = list(combinations(SIZES, COLOURS[:3], CUTS[:2]))

    async def write(writer: int) -> Counter[int]:
        statuses: Counter[int] = Counter()
        for number, values in enumerate(wanted):
            data = {
                "sku": f"W{writer}-{number}",
                "option_values": dict(zip(("Size", "Colour", "Cut"), values, strict=True)),
            }
            answer = await client.post(f"/products/{product['id']}/variants", json=data)
            statuses[answer.status_code] += 1
        return statuses

    counts = sum(await asyncio.gather(*map(write, range(4))), Counter())
    assert counts == {201: len(wanted) - 1, 409: 3 * len(wanted) + 1}
    now = await shown(client, f"/products/{product['id']}")
    values = [tuple(each["option_values"].values()) for each in now["variants"]]
    assert sorted(values) == sorted(wanted)
