"""Invoices as PDF and as CSV."""

import csv
import io
from typing import Any

import httpx
import pytest
from pypdf import PdfReader

from app.wiring.resources import Shop
from tests.support.factories import create_product, order_in
from tests.test_controllers.invoices.setting import charge, invoices_of, pay, placed, refund

PDF = {"Accept": "application/pdf"}


async def text_of(client: httpx.AsyncClient, invoice: dict[str, Any]) -> str:
    """Return the text of an invoice as PDF, which is the same each time."""
    answers = [await client.get(f"/invoices/{invoice['id']}", headers=PDF) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert answers[0].headers["content-type"] == "application/pdf"
    again = {"If-None-Match": answers[0].headers["etag"]} | PDF
    assert (await client.get(f"/invoices/{invoice['id']}", headers=again)).status_code == 304
    pages = PdfReader(io.BytesIO(answers[0].content)).pages
    return "\n".join(each.extract_text() for each in pages).replace("\u00a0", " ")


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("locale", "parts"),
    [
        ("de-AT", ("Rechnung", "35,00", "4,97", "39,97 EUR", "19 %", "USt-IdNr. DE136695976")),
        ("ru", ("Счёт", "35,00", "4,97", "39,97 EUR", "Страница 1 из 1", "ГЕРМАНИЯ")),
        ("", ("Invoice", "35.00", "4.97", "39.97 EUR", "Page 1 of 1", "Ada Lovelace")),
    ],
)
async def test_a_pdf_has_the_sums_in_the_language_of_the_customer(
    client: httpx.AsyncClient,
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
    locale: str,
    parts: tuple[str, ...],
) -> None:
    await charge(client, shop, monkeypatch)
    cart, order, _ = await placed(client, locale=locale)
    await pay(client, shop, cart)
    (invoice,) = await invoices_of(client, order)
    text = await text_of(client, invoice)
    currency = order["currency"]
    for each in (*parts, invoice["number"], "TEA", "CUP"):
        assert each.replace("EUR", currency).casefold() in text.casefold(), (each, text)


async def test_the_list_is_paged_and_is_a_table_for_a_tax_adviser(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await charge(client, shop, monkeypatch)
    cart, order, _ = await placed(client)
    await refund(client, shop, await pay(client, shop, cart), None)
    own = await invoices_of(client, order)
    first = (await client.get("/invoices", params={"limit": 1})).json()
    second = (await client.get("/invoices", params={"cursor": first["next"]})).json()
    assert [*first["items"], *second["items"]] == own
    assert second["next"] is None
    day = own[0]["issued_on"]
    for period, count in (({"from": day, "to": day}, 2), ({"to": "2020-01-01"}, 0)):
        assert len((await client.get("/invoices", params=period)).json()["items"]) == count
    table = await client.get("/invoices", headers={"Accept": "text/csv"})
    assert table.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(table.text.removeprefix("\ufeff"))))
    assert [(each["number"], each["rate"], each["net"], each["tax"]) for each in rows] == [
        (own[0]["number"], "19", "21.01", "3.99"),
        (own[0]["number"], "7", "13.99", "0.98"),
        (own[1]["number"], "19", "-21.01", "-3.99"),
        (own[1]["number"], "7", "-13.99", "-0.98"),
    ]


@pytest.mark.any_database
async def test_a_name_in_a_table_is_not_a_formula(client: httpx.AsyncClient) -> None:
    order = await order_in(client, "paid", await create_product(client, price="4.99"))
    user = {"first_name": "=1+1", "last_name": "x"}
    assert (await client.patch(f"/users/{order['user_id']}", json=user)).status_code == 200
    assert (await client.post(f"/orders/{order['id']}/invoices")).status_code == 201
    table = (await client.get("/invoices", headers={"Accept": "text/csv"})).text
    (row,) = csv.DictReader(io.StringIO(table.removeprefix("\ufeff")))
    assert row["buyer"].startswith("'=") or row["buyer"] == order["delivery_address"]["recipient"]
