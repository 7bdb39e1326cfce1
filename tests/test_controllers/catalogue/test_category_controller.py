"""Categories over HTTP: added, shown, changed, moved and deleted."""

from typing import Any

import httpx
import pytest

from app.wiring.resources import Shop
from tests.support.factories import create_product
from tests.support.refusals import NOTHING, places_of, problem_of, refusal_of, refused
from tests.test_controllers.catalogue.categories import (
    change_category,
    create_category,
    create_chain,
    put_into,
    tree_of,
)
from tests.test_controllers.catalogue.products import shown

BY_PATH = "/categories/by-path"


async def test_an_added_category_is_shown_as_given(client: httpx.AsyncClient) -> None:
    tea = await create_category(client, "Tea")
    data = {
        "name": "Grüner Tee",
        "parent_id": tea["id"],
        "slug": "green",
        "description": "Leaves,\nunfermented.",
        "position": -3,
        "is_active": True,
        "seo_title": "Green tea",
        "seo_description": "Teas of Japan.",
    }
    response = await client.post("/categories", json=data)
    body = response.json()
    assert response.status_code == 201
    assert {name: body[name] for name in data} == data
    assert (body["path"], body["depth"], body["version"]) == ("tea/green/", 2, 1)
    assert response.headers["Location"] == f"/api/v1/categories/{body['id']}"
    read = await client.get(f"/categories/{body['id']}")
    assert (read.json(), read.headers["ETag"]) == (body, response.headers["ETag"])
    for path in ("tea/green", "tea/green/", "/tea/green"):
        at_path = await client.get(BY_PATH, params={"path": path})
        assert (at_path.status_code, at_path.json()) == (200, body)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Käse & Wein", "kase-and-wein"),
        ("Kid's Toys", "kids-toys"),
        ("Łódź/Ærø", "lodz-aero"),
        ("お茶", "category"),
        ("x" * 100, "x" * 64),
        (f"{'x' * 63} y", "x" * 63),
    ],
)
async def test_a_slug_is_made_from_the_name(
    client: httpx.AsyncClient, name: str, slug: str
) -> None:
    assert (await create_category(client, name))["slug"] == slug
    other = await create_category(client, f"{name[:99]}!")
    assert other["slug"] == f"{slug[:62]}-2"
    assert other["path"] == f"{other['slug']}/"


async def test_the_tree_is_ordered_by_position_and_name(client: httpx.AsyncClient) -> None:
    garden, _ = await create_chain(client, "Garden", "Tools")
    await create_category(client, "Plants", garden)
    await create_category(client, "Seeds", garden, position=-1)
    await create_category(client, "Books", position=5)
    await create_category(client, "Art")
    assert list(await tree_of(client)) == [
        "art/",
        "garden/",
        "garden/seeds/",
        "garden/plants/",
        "garden/tools/",
        "books/",
    ]


async def test_the_public_tree_has_only_categories_with_products_for_sale(
    client: httpx.AsyncClient,
) -> None:
    garden, tools, spades = await create_chain(client, "Garden", "Tools", "Spades")
    await create_category(client, "Empty", garden)
    product = await create_product(client, category="Spades")
    await create_product(client, category="Garden", is_active=False)
    assert await tree_of(client, "") == {
        "garden/": 0,
        "garden/tools/": 0,
        "garden/tools/spades/": 1,
    }
    await put_into(client, product, tools, garden)
    assert await tree_of(client, "") == {"garden/": 0, "garden/tools/": 1}
    await change_category(client, spades, is_active=False)
    await put_into(client, product, spades)
    assert await tree_of(client, "") == {}
    assert len(await tree_of(client)) == 4


async def test_categories_below_a_hidden_one_are_hidden(client: httpx.AsyncClient) -> None:
    garden, tools = await create_chain(client, "Garden", "Tools")
    product = await create_product(client, category="Tools")
    path = f"/categories/{tools['id']}"
    assert (await client.get(path)).status_code == 200
    await change_category(client, garden, is_active=False)
    for response in (
        await client.get(path),
        await client.get(f"/categories/{garden['id']}"),
        await client.get(BY_PATH, params={"path": "garden/tools"}),
    ):
        assert refusal_of(response) == (404, "category-not-found")
    assert (await client.get(f"{path}?include=all")).json()["id"] == tools["id"]
    assert await tree_of(client, "") == {}
    listed = (await client.get("/products", params={"category": "garden/tools"})).json()["items"]
    assert [each["id"] for each in listed] == [product["id"]]
    await change_category(client, garden, is_active=True)
    assert (await client.get(path)).status_code == 200


async def test_a_category_is_moved_with_its_descendants(client: httpx.AsyncClient) -> None:
    _, tools, spades = await create_chain(client, "Garden", "Tools", "Spades")
    house = await create_category(client, "House")
    read = (await client.get(f"/categories/{spades['id']}")).json()
    moved = await change_category(client, tools, parent_id=house["id"])
    assert (moved["path"], moved["parent_id"], moved["depth"]) == ("house/tools/", house["id"], 2)
    below = (await client.get(f"/categories/{spades['id']}")).json()
    assert (below["path"], below["depth"]) == ("house/tools/spades/", 3)
    assert below["version"] == read["version"] + 1
    top = await change_category(client, tools, parent_id=None, slug="all-tools")
    assert (top["path"], top["depth"], top["version"]) == ("all-tools/", 1, 3)
    assert list(await tree_of(client)) == ["garden/", "house/", "all-tools/", "all-tools/spades/"]


async def test_a_former_path_redirects_to_the_current_one(client: httpx.AsyncClient) -> None:
    _, tools, spades = await create_chain(client, "Garden", "Tools", "Spades")
    for slug in ("t1", "t2", "t3"):
        await change_category(client, tools, slug=slug)
    for former in ("tools", "t1", "t2"):
        response = await client.get(BY_PATH, params={"path": f"garden/{former}/spades"})
        assert response.status_code == 301
        assert response.headers["Location"] == f"/api/v1{BY_PATH}?path=garden/t3/spades/"
    target = response.headers["Location"].removeprefix("/api/v1")
    assert (await client.get(target)).json()["id"] == spades["id"]
    listed = await client.get("/products", params={"category": "garden/t1"})
    assert listed.json()["items"] == []
    assert refusal_of(await client.get(BY_PATH, params={"path": "garden/t4"}))[0] == 404


async def test_a_path_belongs_to_its_newest_category(client: httpx.AsyncClient) -> None:
    tea, coffee = await create_category(client, "Tea"), await create_category(client, "Coffee")
    await change_category(client, tea, slug="old")
    # The category is cached under the former path, too.
    assert (await client.get(f"/categories/{tea['id']}")).json()["path"] == "old/"
    await change_category(client, coffee, slug="tea")
    assert (await client.get(BY_PATH, params={"path": "tea"})).json()["id"] == coffee["id"]
    await change_category(client, coffee, slug="coffee")
    response = await client.get(BY_PATH, params={"path": "tea"})
    assert response.headers["Location"].endswith("?path=coffee/")
    # The category gets its first path back: no path redirects to itself.
    await change_category(client, tea, slug="tea")
    assert (await client.get(BY_PATH, params={"path": "tea"})).json()["id"] == tea["id"]
    response = await client.get(BY_PATH, params={"path": "old"})
    assert response.headers["Location"].endswith("?path=tea/")


async def test_a_category_is_not_moved_below_itself(client: httpx.AsyncClient, shop: Shop) -> None:
    tea, _, black = await create_chain(client, "Tea", "Leaf", "Black")
    for parent in (tea, black):
        problem = await refused(
            client, shop, "PATCH", f"/categories/{tea['id']}", json={"parent_id": parent["id"]}
        )
        assert problem["type"] == "urn:problem:category-cycle"


async def test_the_tree_has_at_most_six_levels(client: httpx.AsyncClient, shop: Shop) -> None:
    chain = await create_chain(client, *"abcdef")
    top, below = await create_chain(client, "top", "below")
    data = {"name": "g", "parent_id": chain[5]["id"]}
    problem = await refused(client, shop, "POST", "/categories", json=data)
    assert problem["type"] == "urn:problem:category-too-deep"
    change = {"parent_id": chain[4]["id"]}
    problem = await refused(client, shop, "PATCH", f"/categories/{top['id']}", json=change)
    assert problem["type"] == "urn:problem:category-too-deep"
    assert (await change_category(client, below, **change))["depth"] == 6


async def test_a_slug_belongs_to_one_category_below_a_parent(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    tea, green = await create_chain(client, "Tea", "Green")
    for path, method, data in (
        ("/categories", "POST", {"name": "Other", "slug": "tea"}),
        ("/categories", "POST", {"name": "Other", "slug": "green", "parent_id": tea["id"]}),
        (f"/categories/{green['id']}", "PATCH", {"parent_id": None, "slug": "tea"}),
    ):
        problem = await refused(client, shop, method, path, json=data)
        assert (problem["type"], problem["field"]) == ("urn:problem:slug-taken", "slug")
    assert (await create_category(client, "Other", slug="green"))["path"] == "green/"


async def test_a_change_of_another_version_is_refused(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    tea = await create_category(client, "Tea")
    path = f"/categories/{tea['id']}"
    etag = (await client.get(path)).headers["ETag"]
    changed = await client.patch(path, json={"name": "Teas"}, headers={"If-Match": etag})
    assert (changed.status_code, changed.json()["slug"]) == (200, "tea")
    problem = await refused(
        client, shop, "PATCH", path, json={"name": "Tea"}, headers={"If-Match": etag}
    )
    assert problem["type"] == "urn:problem:precondition-failed"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slug", "Tea"),
        ("slug", "a--b"),
        ("slug", "a/b"),
        ("slug", ""),
        ("slug", "x" * 65),
        ("name", " "),
        ("name", "x" * 101),
        ("position", 0.5),
        ("parent_id", "tea"),
        ("is_active", "true"),
        ("seo_title", "x" * 201),
        ("seo_description", "x" * 501),
        ("path", "tea/"),
    ],
)
async def test_a_field_with_a_wrong_value_is_named(
    client: httpx.AsyncClient, shop: Shop, field: str, value: Any
) -> None:
    data = {"name": "Tea"} | {field: value}
    problem = await refused(client, shop, "POST", "/categories", json=data)
    assert list(places_of(problem)) == [f"#/{field}"]


async def test_an_unknown_category_is_not_found(client: httpx.AsyncClient, shop: Shop) -> None:
    tea, product = await create_category(client, "Tea"), await create_product(client)
    own, unknown = f"/categories/{tea['id']}", f"/categories/{NOTHING}"
    for method, path, request in (
        ("GET", unknown, {}),
        ("GET", f"{unknown}?include=all", {}),
        ("PATCH", unknown, {"json": {"name": "Tea"}}),
        ("DELETE", unknown, {}),
        ("DELETE", f"{own}?move_products_to={NOTHING}", {}),
        ("PATCH", own, {"json": {"parent_id": NOTHING}}),
        ("POST", "/categories", {"json": {"name": "Tea", "parent_id": NOTHING}}),
        (
            "PUT",
            f"/products/{product['id']}/categories",
            {"json": {"category_ids": [tea["id"], NOTHING]}},
        ),
    ):
        problem = await refused(client, shop, method, path, **request)
        assert (problem["status"], problem["type"]) == (404, "urn:problem:category-not-found")
    for path in (f"/products/{NOTHING}/categories", f"{own}?include=some"):
        assert problem_of(await client.get(path))["status"] in (400, 404)


async def test_a_category_is_deleted_when_it_is_empty(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    tea, green = await create_chain(client, "Tea", "Green")
    product = await create_product(client, category="Coffee")
    coffee = (await client.get(f"/products/{product['id']}/categories")).json()["items"][0]
    await put_into(client, product, coffee, green)
    for path in (tea, green, coffee):
        problem = await refused(client, shop, "DELETE", f"/categories/{path['id']}")
        assert problem["type"] == "urn:problem:category-not-empty"
    itself = f"/categories/{green['id']}?move_products_to={green['id']}"
    problem = await refused(client, shop, "DELETE", itself)
    assert problem["type"] == "urn:problem:category-not-empty"
    await put_into(client, product, coffee)
    await change_category(client, green, slug="greens")
    for each in (green, tea):
        assert (await client.delete(f"/categories/{each['id']}")).status_code == 204
        assert (await client.get(f"/categories/{each['id']}")).status_code == 404
    assert await tree_of(client) == {"coffee/": 1}
    assert (await client.get(BY_PATH, params={"path": "tea/green"})).status_code == 404
    await client.delete(f"/products/{product['id']}")
    assert (await client.delete(f"/categories/{coffee['id']}")).status_code == 204
    assert await tree_of(client) == {}


async def test_the_products_of_a_deleted_category_move_to_another(
    client: httpx.AsyncClient,
) -> None:
    tea, coffee = await create_category(client, "Tea"), await create_category(client, "Coffee")
    other = await create_category(client, "Other")
    products = [await create_product(client, category="Tea", name=f"Tea {n}") for n in range(3)]
    await put_into(client, products[1], other, tea)
    await put_into(client, products[2], coffee, tea)
    path = f"/categories/{tea['id']}?move_products_to={coffee['id']}"
    assert (await client.delete(path)).status_code == 204
    assert await tree_of(client) == {"coffee/": 2, "other/": 1}
    now = [await shown(client, each) for each in products]
    assert [each["category"] for each in now] == ["Coffee", "Other", "Coffee"]
    assert now[0]["version"] == 2
    lists = [
        [
            each["name"]
            for each in (await client.get(f"/products/{each['id']}/categories")).json()["items"]
        ]
        for each in products
    ]
    assert lists == [["Coffee"], ["Other", "Coffee"], ["Coffee"]]
    response = await client.get(BY_PATH, params={"path": "tea"})
    assert response.headers["Location"].endswith("?path=coffee/")
