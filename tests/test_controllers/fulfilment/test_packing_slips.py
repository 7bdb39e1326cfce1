"""Packing slips: the content of a parcel, for one shipment or for many at once."""

import io
from typing import Any

import httpx
import pytest
from pypdf import PdfReader

from app.wiring.resources import Shop
from tests.support.factories import create_product
from tests.support.queries import statements_of
from tests.support.refusals import NOTHING, problem_of
from tests.support.tables import everything
from tests.test_controllers.checkout.setting import ordered, ready
from tests.test_controllers.fulfilment.setting import move, moved, pack, paid_order

pytestmark = pytest.mark.any_database

MANY = "/shipments/packing-slips"


def pages_of(response: httpx.Response) -> list[str]:
    """Return the texts of the pages of a PDF."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/pdf"
    return [each.extract_text() for each in PdfReader(io.BytesIO(response.content)).pages]


async def packed(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    """Return the shipment of an order of a cart, with a note of its guest."""
    cup = await create_product(client, sku="CUP-1", name="Blue <b>cup</b>", price="12.34")
    cart = await ready(client, {cup["id"]: 3}, note="Please wrap it.", **fields)
    order = await moved(client, await ordered(cart), "paid")
    return await pack(client, order, 2, carrier="DHL", tracking_number="0034", note="A gift.")


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("de-AT", ("Lieferschein", "Stück: 2", "DEUTSCHLAND", "Seite 1 von 1")),
        ("ru", ("Упаковочный лист", "Единиц: 2", "ГЕРМАНИЯ", "Страница 1 из 1")),
        ("", ("Packing slip", "Units: 2", "GERMANY", "Page 1 of 1")),
    ],
)
async def test_a_slip_has_goods_and_the_address_but_no_price(
    client: httpx.AsyncClient, locale: str, words: tuple[str, ...]
) -> None:
    shipment = await packed(client, locale=locale)
    path = f"/shipments/{shipment['id']}/packing-slip"
    first, second = await client.get(path), await client.get(path)
    assert first.content == second.content
    (text,) = pages_of(first)
    number = shipment["number"]
    for each in (*words, number, "CUP-1", "Blue <b>cup</b>", "Ada Lovelace", "DHL", "0034"):
        assert each.casefold() in text.casefold(), (each, text)
    for each in ("Please wrap it.", "A gift."):
        assert each in text
    for amount in ("12.34", "24.68", "37.02", "12,34", "24,68", "37,02"):
        assert amount not in text
    name = f'inline; filename="packing-slip-{number}.pdf"'
    assert first.headers["content-disposition"] == name
    again = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


async def test_many_slips_are_one_file_in_the_requested_order(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    small = [await pack(client, await paid_order(client, 1)) for _ in range(2)]
    large = await pack(client, await paid_order(client, *[1] * 45))
    one, few = await _slips(client, shop, [small[1]])
    pages, many = await _slips(client, shop, [small[1], large, small[0], small[1]])
    assert (len(one), few) == (1, many)
    marks = ("Page 1 of 1", "Page 1 of 2", "Page 2 of 2", "Page 1 of 1")
    assert [mark in text for text, mark in zip(pages, marks, strict=True)] == [True] * 4
    for place, shipment in ((0, small[1]), (1, large), (3, small[0])):
        assert f"Packing slip {shipment['number']}" in pages[place]


async def _slips(
    client: httpx.AsyncClient, shop: Shop, chosen: list[dict[str, Any]]
) -> tuple[list[str], int]:
    """Return the texts of the pages with some slips, and the number of statements."""
    with statements_of(shop) as statements:
        answer = await client.get(MANY, params={"id": [each["id"] for each in chosen]})
    return pages_of(answer), len(statements)


async def test_the_slip_of_a_cancelled_shipment_shows_the_cancellation(
    client: httpx.AsyncClient,
) -> None:
    shipment = await pack(client, await paid_order(client, 1))
    path = f"/shipments/{shipment['id']}/packing-slip"
    mark = "Cancelled. Do not ship it."
    assert mark not in pages_of(await client.get(path))[0]
    await move(client, shipment, "cancel")
    assert mark in pages_of(await client.get(path))[0]


async def test_slips_of_missing_shipments_are_refused(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    shipment = await pack(client, await paid_order(client, 1))
    before = await everything(shop)
    for path, params in (
        (f"/shipments/{NOTHING}/packing-slip", {}),
        (MANY, {"id": [shipment["id"], NOTHING]}),
    ):
        missing = await client.get(path, params=params)
        assert problem_of(missing)["type"] == "urn:problem:shipment-not-found"
    for ids in ([], ["x"], [shipment["id"], "x"], [shipment["id"]] * 51):
        refused = await client.get(MANY, params={"id": ids})
        assert refused.status_code == 400
        assert {each["parameter"] for each in problem_of(refused)["errors"]} == {"id"}
    unknown = await client.get(MANY, params={"id": shipment["id"], "ids": "x"})
    assert problem_of(unknown)["errors"][0]["parameter"] == "ids"
    assert await everything(shop) == before
