"""The options of a product: renamed, added and removed, with a preview."""

from typing import Any

import httpx
import pytest

from tests.support.factories import create_product
from tests.support.refusals import places_of, refusal_of
from tests.test_controllers.catalogue.test_variants import create_shirt, shown


async def change(
    client: httpx.AsyncClient, product: dict[str, Any], *options: dict[str, Any], **query: str
) -> httpx.Response:
    """Replace the options of a product."""
    body = {"options": list(options)}
    return await client.put(f"/products/{product['id']}/options", json=body, params=query)


async def test_an_option_and_its_values_are_renamed(client: httpx.AsyncClient) -> None:
    shirt = await create_shirt(client)
    option = {
        "name": "Fit",
        "former_name": "size",
        "renamed_values": {"S": "M", "m": "S"},
    }
    answer = await change(client, shirt, option)
    assert answer.json() == {
        "options": [{"name": "Fit", "values": ["M", "S"]}],
        "made": [],
        "renamed": [{"from": "Size", "to": "Fit"}],
        "removed": [],
        "changed_variants": [each["id"] for each in shirt["variants"]],
        "is_preview": False,
    }
    now = await shown(client, f"/products/{shirt['id']}")
    assert [each["option_values"] for each in now["variants"]] == [{"Fit": "M"}, {"Fit": "S"}]
    assert [each["version"] for each in now["variants"]] == [2, 2]


async def test_a_preview_changes_nothing(client: httpx.AsyncClient) -> None:
    shirt = await create_shirt(client)
    size = {"name": "Size"}
    colour = {"name": "Colour", "value": "red"}
    answer = await change(client, shirt, colour, size, preview="true")
    assert answer.json()["is_preview"] is True
    assert answer.json()["made"] == ["Colour"]
    assert await shown(client, f"/products/{shirt['id']}") == shirt
    done = await change(client, shirt, colour, size)
    assert done.json() == answer.json() | {"is_preview": False}
    now = await shown(client, f"/products/{shirt['id']}")
    assert [each["option_values"] for each in now["variants"]] == [
        {"Colour": "red", "Size": "S"},
        {"Colour": "red", "Size": "M"},
    ]


async def test_an_option_is_not_removed_if_variants_would_become_identical(
    client: httpx.AsyncClient,
) -> None:
    shirt = await create_shirt(client)
    for options in ([], [{"name": "Size", "renamed_values": {"S": "m"}}]):
        answer = await change(client, shirt, *options)
        assert refusal_of(answer) == (409, "variants-would-collide")
        ((first, second),) = answer.json()["variants"]
        assert [first["sku"], second["sku"]] == ["SHIRT-S", "SHIRT-M"]
    assert await shown(client, f"/products/{shirt['id']}") == shirt
    await client.delete(f"/variants/{shirt['variants'][1]['id']}")
    answer = await change(client, shirt)
    assert answer.json()["removed"] == ["Size"]
    assert "options" not in await shown(client, f"/products/{shirt['id']}")


@pytest.mark.parametrize(
    ("option", "places"),
    [
        ({"name": "Colour"}, {"#/options/0/value": "is required for a new option"}),
        (
            {"name": "Colour", "former_name": "Hue"},
            {"#/options/0/former_name": "the product has no option Hue"},
        ),
    ],
)
async def test_each_error_of_an_option_is_named(
    client: httpx.AsyncClient, option: dict[str, str], places: dict[str, str]
) -> None:
    answer = await change(client, await create_shirt(client), option)
    assert answer.status_code == 400
    assert places_of(answer.json()) == places


async def test_options_of_a_product_that_has_changed_are_not_replaced(
    client: httpx.AsyncClient,
) -> None:
    product = await create_product(client)
    path = f"/products/{product['id']}/options"
    body = {"options": [{"name": "Size", "value": "S"}]}
    answer = await client.put(path, json=body, headers={"If-Match": '"other"'})
    assert refusal_of(answer) == (412, "precondition-failed")
    twice = {"options": [{"name": "Size", "value": "S"}, {"name": "size", "value": "S"}]}
    answer = await client.put(path, json=twice)
    assert places_of(answer.json()) == {
        "#/options": "must have names that differ by more than case"
    }
    assert (await client.put(path, json=body)).status_code == 200
