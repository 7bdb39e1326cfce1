"""The facets of products, and the filters by their options, over HTTP."""

from typing import Any

import httpx
import pytest

from tests.support.factories import create_product
from tests.support.refusals import places_of, problem_of

EVERYTHING = {
    "category": {"Shirts": 2, "Socks": 1},
    "price": {"5.00-9.99": 1, "10.00-19.99": 2},
    "availability": {"In stock": 2, "Out of stock": 1},
    "option.Size": {"M": 2, "L": 1, "1,5": 1},
    "option.Colour": {"Red": 1},
}


async def test_each_facet_is_counted_without_its_own_filter(client: httpx.AsyncClient) -> None:
    await _fill(client)
    assert await _facets(client) == EVERYTHING
    assert await _facets(client, **{"option.size": "l"}) == {
        "category": {"Shirts": 1},
        "price": {"10.00-19.99": 1},
        "availability": {"In stock": 1},
        "option.Size": {"M": 2, "L": 1, "1,5": 1},
        "option.Colour": {"Red": 1},
    }
    assert await _facets(client, max_price="9.99", in_stock="true") == {
        "price": {"10.00-19.99": 2},
        "availability": {"Out of stock": 1},
    }


async def test_facets_have_no_values_when_no_product_matches(client: httpx.AsyncClient) -> None:
    await _fill(client)
    for query in ({"q": "nothing"}, {"category": "none"}, {"sku": "NONE"}):
        assert await _facets(client, **query) == {}
    response = await client.get("/products/facets", params={"option.none": "x"})
    items = response.json()["items"]
    assert [(each["facet"], each["values"]) for each in items] == [
        ("category", []),
        ("price", []),
        ("availability", []),
    ]


async def test_the_values_of_facets_are_accepted_as_filters(client: httpx.AsyncClient) -> None:
    await _fill(client)
    response = await client.get("/products/facets")
    category, price, _, *options = response.json()["items"]
    for value in category["values"]:
        assert len(await _listed(client, category=value["value"])) == value["count"]
    for value in price["values"]:
        bounds = {name: value[name] for name in ("min_price", "max_price")}
        assert len(await _listed(client, **bounds)) == value["count"]
    for option in options:
        for value in option["values"]:
            assert len(await _listed(client, **{option["facet"]: value["value"]})) == value["count"]


async def test_lists_are_filtered_by_options(client: httpx.AsyncClient) -> None:
    await _fill(client)
    found = {
        "option.size=M": ["s1", "s2"],
        "option.SIZE=m": ["s1", "s2"],
        "option.size=L,1\\,5": ["s1", "s3"],
        "option.size=L,L,M": ["s1", "s2"],
        "option.size=M&option.colour=red": ["s1"],
        "option.size=1": [],
        "option.colour=blue": [],
        "option.weight=1": [],
        "option.size=M&category=Socks": [],
    }
    listed = {}
    for query in found:
        response = await client.get(f"/products?sort=created_at&{query}")
        listed[query] = [each["sku"] for each in response.json()["items"]]
    assert listed == found


async def test_facets_follow_every_change_of_a_product(client: httpx.AsyncClient) -> None:
    await _fill(client)
    listed = {each["sku"]: each["id"] for each in (await client.get("/products")).json()["items"]}
    shirt = (await client.get(f"/products/{listed['s1']}")).json()
    large = shirt["variants"][1]["id"]
    await _changed(client, f"/variants/{large}", {"is_active": False})
    assert (await _facets(client))["option.Size"] == {"M": 2, "1,5": 1}
    await _changed(client, f"/variants/{large}", {"is_active": True})
    assert await _facets(client) == EVERYTHING
    await _changed(client, f"/products/{listed['s1']}", {"is_active": False})
    assert (await _facets(client))["option.Size"] == {"M": 1, "1,5": 1}
    await _changed(client, f"/products/{listed['s1']}", {"is_active": True})
    options = [{"name": "Width", "former_name": "Size", "renamed_values": {"L": "XL"}}]
    response = await client.put(
        f"/products/{listed['s1']}/options", json={"options": [*options, {"name": "Colour"}]}
    )
    assert response.status_code == 200, response.text
    facets = await _facets(client)
    assert (facets["option.Width"], facets["option.Size"]) == (
        {"M": 1, "XL": 1},
        {"M": 1, "1,5": 1},
    )
    await client.delete(f"/variants/{large}")
    assert (await _facets(client))["option.Width"] == {"M": 1}
    await client.delete(f"/products/{listed['s1']}")
    assert (await _facets(client)).keys() == EVERYTHING.keys() - {"option.Colour"}
    response = await client.put(f"/products/{listed['s2']}/options", json={"options": []})
    assert response.status_code == 200, response.text
    assert (await _facets(client))["option.Size"] == {"1,5": 1}


async def test_cached_facets_follow_every_change_of_the_shop(client: httpx.AsyncClient) -> None:
    await _fill(client)
    await client.get("/products/facets")
    response = await client.get("/products/facets")
    assert response.headers["X-Cache"] != "MISS"
    await create_product(client, category="Socks", price="5.00", stock_quantity=9)
    facets = await _facets(client)
    assert (facets["category"]["Socks"], facets["price"]["5.00-9.99"]) == (2, 2)
    listed = (await client.get("/products?q=s3")).json()["items"][0]
    await client.post(f"/products/{listed['id']}/stock", json={"quantity": 100, "reason": "supply"})
    assert (await _facets(client))["availability"] == {"In stock": 4}


async def test_a_category_is_counted_with_its_subcategories(client: httpx.AsyncClient) -> None:
    await _fill(client)
    top = (await client.post("/categories", json={"name": "Clothes"})).json()
    shirts = (await client.get("/categories/by-path?path=shirts")).json()
    await _changed(client, f"/categories/{shirts['id']}", {"parent_id": top["id"]})
    assert (await _facets(client))["category"] == {"Clothes": 2, "Socks": 1}
    assert (await _facets(client, category="clothes/"))["category"] == {"Shirts": 2}
    assert "category" not in await _facets(client, category="clothes/shirts/")


@pytest.mark.parametrize(
    ("query", "parameter", "reason"),
    [
        ("option.size=M&option.size=L", "option.size", "must be given once"),
        ("option.size=M&option.Size=L", "option.size", "must be given once"),
        ("option.=M", "option.", "must have at least 1 character"),
        ("option.size=", "option.size", "must have at least 1 character"),
        ("option.size=M,", "option.size", "must have at least 1 character"),
        (
            "option.size=%00",
            "option.size",
            "must be one line of text without control characters, with at least one visible "
            "character",
        ),
        ("option.size=" + "a," * 20 + "a", "option.size", "must have at most 20 values"),
        ("option.size=" + "a" * 1001, "option.size", "must have at most 1000 characters"),
        ("option." + "a" * 51 + "=M", "option." + "a" * 51, "must have at most 50 characters"),
        (
            "option.a=1&option.b=1&option.c=1&option.d=1",
            "option.d",
            "must be one of at most 3 options",
        ),
        ("option=M", "option", "is not a parameter"),
        ("options=M", "options", "is not a parameter"),
    ],
)
@pytest.mark.parametrize("path", ["/products", "/products/facets"])
async def test_wrong_filters_by_options_are_refused(
    client: httpx.AsyncClient, path: str, query: str, parameter: str, reason: str
) -> None:
    response = await client.get(f"{path}?{query}")
    assert places_of(problem_of(response)) == {parameter: reason}


async def _fill(client: httpx.AsyncClient) -> None:
    await create_product(
        client,
        sku="s1",
        category="Shirts",
        price="10.00",
        stock_quantity=9,
        option_values={"Size": "M", "Colour": "Red"},
        variants=[{"sku": "s1-l", "option_values": {"Size": "L", "Colour": "Red"}}],
    )
    await create_product(
        client,
        sku="s2",
        category="Shirts",
        price="19.99",
        stock_quantity=9,
        option_values={"size": "m"},
    )
    await create_product(
        client,
        sku="s3",
        category="Socks",
        price="5.00",
        stock_quantity=0,
        option_values={"Size": "1,5"},
    )


async def _facets(client: httpx.AsyncClient, **query: str) -> dict[str, dict[str, int]]:
    """Return the facets that have values, with their numbers by names."""
    response = await client.get("/products/facets", params=query)
    assert response.status_code == 200, response.text
    return {
        _as_of_shirts(each["facet"]): {
            one["name"].replace("m", "M") if len(one["name"]) == 1 else one["name"]: one["count"]
            for one in each["values"]
        }
        for each in response.json()["items"]
        if each["values"]
    }


def _as_of_shirts(facet: str) -> str:
    return facet.replace("option.size", "option.Size")


async def _listed(client: httpx.AsyncClient, **query: str) -> list[Any]:
    response = await client.get("/products", params=query)
    assert response.status_code == 200, response.text
    items: list[Any] = response.json()["items"]
    return items


async def _changed(client: httpx.AsyncClient, path: str, change: dict[str, Any]) -> None:
    response = await client.patch(path, json=change)
    assert response.status_code == 200, response.text
