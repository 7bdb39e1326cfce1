"""Customers of carts get one mail about each refund and each invoice."""

import httpx
import pytest

from app.models import OutgoingMail
from app.wiring.resources import Shop
from tests.support.accounts import mails_of
from tests.support.factories import create_product, order_in
from tests.test_controllers.invoices.setting import charge, invoices_of, pay, placed, refund
from tests.test_controllers.payments.setting import do_errands
from tests.test_controllers.payments.test_payment_events import tell_of

pytestmark = pytest.mark.any_database


async def money_mails(shop: Shop) -> list[OutgoingMail]:
    """Return the mails about money that wait, the oldest first."""
    kinds = ("Ihre Erstattung", "Ihre Rechnung", "Ihre Rechnungskorrektur")
    return [each for each in await mails_of(shop) if each.subject.endswith(kinds)]


async def test_a_guest_gets_the_invoice_and_one_mail_for_each_refund(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await charge(client, shop, monkeypatch)
    cart, order, _ = await placed(client, locale="de-AT")
    payment = await pay(client, shop, cart)
    await refund(client, shop, payment, "5.00")
    await tell_of(client, shop, payment)
    assert (await client.post(f"/orders/{order['id']}/invoices")).status_code == 200
    invoice, note = await invoices_of(client, order)
    expected = [
        ("Rechnung", invoice["id"], f"Rechnungsnummer: {invoice['number']}\nGesamtbetrag: 39,97"),
        ("Erstattung", "None", "Grund: Arrived broken.\nErstattet: 5,00"),
        ("Rechnungskorrektur", note["id"], f"{invoice['number']}\nGutgeschrieben: 5,00"),
    ]
    mails = await money_mails(shop)
    for mail, (kind, invoice_id, text) in zip(mails, expected, strict=True):
        assert mail.subject == f"Ihre Bestellung {order['number']} bei Lavka: Ihre {kind}"
        assert (mail.recipient, str(mail.invoice_id)) == ("ada@example.com", invoice_id)
        assert f"{text}\N{NO-BREAK SPACE}{order['currency']}\n" in mail.body


async def test_the_reason_of_a_refund_is_in_the_language_of_the_customer(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await charge(client, shop, monkeypatch)
    cart, _, _ = await placed(client, locale="de")
    await pay(client, shop, cart)
    assert (await cart.send("POST", "/order/cancel")).status_code == 200
    await do_errands(shop)
    (returned,) = [each for each in await money_mails(shop) if "Erstattung" in each.subject]
    assert "\nGrund: Die Bestellung wurde storniert.\nErstattet: 39,97" in returned.body


async def test_an_order_without_a_cart_sends_no_mail(client: httpx.AsyncClient, shop: Shop) -> None:
    order = await order_in(client, "paid", await create_product(client))
    before = [each.id for each in await mails_of(shop)]
    assert (await client.post(f"/orders/{order['id']}/invoices")).status_code == 201
    assert [each.id for each in await mails_of(shop)] == before
