"""Orders are invoiced once, in their state at that time, and refunds get exact credit notes."""

from decimal import Decimal
from uuid import UUID

import httpx
import pytest

from app.jobs.errands.invoices import credit_refund, invoice_order
from app.wiring.resources import Shop
from tests.support.factories import create_product, order_in
from tests.support.refusals import problem_of
from tests.support.tables import everything
from tests.test_controllers.invoices.setting import charge, invoices_of, pay, placed, refund
from tests.test_controllers.payments.setting import do_errands, payments_of


async def test_a_paid_order_has_an_invoice_with_all_required_fields(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await charge(client, shop, monkeypatch)
    cart, order, _ = await placed(client, locale="de")
    assert await invoices_of(client, order) == []
    await pay(client, shop, cart)
    (invoice,) = await invoices_of(client, order)
    day = shop.days.day_of(shop.clock.now())
    assert invoice["number"] == f"R{day.year}-000001"
    assert (invoice["kind"], invoice["order_number"]) == ("invoice", order["number"])
    assert (invoice["issued_on"], invoice["supplied_on"]) == (str(day), str(day))
    assert invoice["seller"] == {
        "name": "Lavka",
        "address": "Hauptstr. 1, Berlin",
        "country": "DE",
        "vat_number": "DE136695976",
    }
    assert invoice["buyer"]["name"] == "Ada Lovelace"
    assert invoice["buyer"]["address"] == order["delivery_address"]
    assert (invoice["net"], invoice["tax"], invoice["total"]) == ("35.00", "4.97", "39.97")
    names = ("rate", "reason", "net", "tax")
    assert [tuple(each[name] for name in names) for each in invoice["taxes"]] == [
        ("19", "standard_rated", "21.01", "3.99"),
        ("7", "standard_rated", "13.99", "0.98"),
    ]
    parts = ("kind", "sku", "quantity", "unit_price", "discount", "rate", "net", "tax", "total")
    assert [tuple(each[name] for name in parts) for each in invoice["lines"]] == [
        ("goods", "TEA", 3, "4.99", "0.00", "7", "13.99", "0.98", "14.97"),
        ("goods", "CUP", 2, "12.50", "0.00", "19", "21.01", "3.99", "25.00"),
    ]
    shown = await client.get(f"/invoices/{invoice['id']}")
    assert shown.json() == invoice
    assert (await cart.send("GET", "/order/invoices")).json() == {"items": [invoice]}


async def test_a_repeated_errand_changes_nothing(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await charge(client, shop, monkeypatch)
    cart, order, _ = await placed(client)
    payment = await pay(client, shop, cart)
    await refund(client, shop, payment, "5.00")
    (made,) = (await payments_of(client, order))["refunds"]
    before = await everything(shop)
    for _ in range(2):
        await invoice_order(shop, UUID(order["id"]))
        await credit_refund(shop, UUID(made["id"]))
    assert await everything(shop) == before


async def test_partial_refunds_add_up_to_the_invoice_for_every_tax_rate(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await charge(client, shop, monkeypatch)
    cart, order, _ = await placed(client)
    payment = await pay(client, shop, cart)
    for amount in ("0.01", "13.33", "0.02", None):
        await refund(client, shop, payment, amount)
    invoice, *notes = await invoices_of(client, order)
    year = invoice["issued_on"][:4]
    assert [each["number"] for each in notes] == [f"G{year}-00000{n}" for n in (1, 2, 3, 4)]
    assert [each["total"] for each in notes] == ["0.01", "13.33", "0.02", "26.61"]
    assert {each["corrects_id"] for each in notes} == {invoice["id"]}
    assert {each["corrects_number"] for each in notes} == {invoice["number"]}
    for name in ("net", "tax"):
        for rate in ("19", "7"):
            (whole,) = (each[name] for each in invoice["taxes"] if each["rate"] == rate)
            parts = [each for note in notes for each in note["taxes"] if each["rate"] == rate]
            assert sum(Decimal(each[name]) for each in parts) == Decimal(whole)


async def test_units_cancelled_before_the_invoice_are_not_invoiced_and_need_no_credit_note(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await charge(client, shop, monkeypatch, invoice_on="shipped")
    cart, order, (tea, _) = await placed(client)
    await pay(client, shop, cart)
    assert await invoices_of(client, order) == []
    url = f"/orders/{order['id']}/lines/{tea['id']}/cancel"
    assert (await client.post(url, json={"quantity": 2})).status_code == 200
    await do_errands(shop)
    assert (await client.patch(f"/orders/{order['id']}", json={"status": "shipped"})).is_success
    await do_errands(shop)
    (invoice,) = await invoices_of(client, order)
    assert (invoice["total"], invoice["lines"][0]["quantity"]) == ("29.99", 1)
    assert invoice["lines"][0]["total"] == "4.99"


async def test_units_cancelled_after_the_invoice_are_in_a_credit_note(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await charge(client, shop, monkeypatch)
    cart, order, (tea, _) = await placed(client)
    await pay(client, shop, cart)
    url = f"/orders/{order['id']}/lines/{tea['id']}/cancel"
    assert (await client.post(url, json={"quantity": 2})).status_code == 200
    await do_errands(shop)
    invoice, note = await invoices_of(client, order)
    assert (invoice["total"], note["total"], note["kind"]) == ("39.97", "9.98", "credit_note")


async def test_only_staff_can_issue_an_invoice_and_not_for_a_cancelled_order(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product = await create_product(client, price="4.99")
    order = await order_in(client, "paid", product)
    url = f"/orders/{order['id']}/invoices"
    first = await client.post(url)
    assert (first.status_code, first.json()["taxes"]) == (201, [])
    assert first.headers["location"] == f"/api/v1/invoices/{first.json()['id']}"
    again = await client.post(url)
    assert (again.status_code, again.json()) == (200, first.json())
    other = await order_in(client, "pending", product)
    assert (await client.post(f"/orders/{other['id']}/cancel")).status_code == 200
    before = await everything(shop)
    refused = await client.post(f"/orders/{other['id']}/invoices")
    assert problem_of(refused)["type"] == "urn:problem:nothing-to-invoice"
    assert await everything(shop) == before
