"""The page of an order cannot change another order, with any id in its URL."""

import re
from typing import Any

import httpx
import pytest
from litestar import Litestar

from app.services.orders.payments.order_parts import PARTS
from app.wiring.resources import Shop
from tests.support.tables import everything
from tests.test_controllers.fulfilment.returns import ask, shipped_order
from tests.test_controllers.fulfilment.setting import shipments_of
from tests.test_controllers.invoices import setting as invoicing
from tests.test_controllers.payments.setting import offer, payments_of
from tests.test_pages.browser import Browser

_ORDER = "/console/orders/{order_id}"
_FIELDS = {
    "amount": "1.00",
    "reason": "Broken.",
    "attention": "late",
    "lines[0].quantity": "1",
}
_ROUTES = {
    ("POST", "/payments/{payment_id}/capture"),
    ("POST", "/payments/{payment_id}/seen"),
    ("POST", "/payments/{payment_id}/refund"),
    ("POST", "/payments/{payment_id}/refund-units"),
    ("POST", "/refunds/{refund_id}/record"),
    ("GET", "/invoices/{invoice_id}"),
    ("POST", "/returns/{return_id}/approve"),
    ("POST", "/returns/{return_id}/reject"),
    ("POST", "/returns/{return_id}/receive"),
    ("POST", "/returns/{return_id}/close"),
    ("POST", "/shipments/{shipment_id}/ship"),
    ("POST", "/shipments/{shipment_id}/deliver"),
}
"""The parameters of routes in addition to the order; lines are searched only in their order."""


def test_every_route_that_names_a_part_of_an_order_is_tested(app: Litestar) -> None:
    found = {
        (method, route.path_format.removeprefix(_ORDER))
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        for method in handler.http_methods - {"OPTIONS"}
        if route.path_format.startswith(_ORDER + "/") and "{" in route.path_format[len(_ORDER) :]
    }
    assert found - {("POST", "/lines/{variant_id}/cancel")} == _ROUTES
    named = {re.findall(r"{(\w+)}", path)[0] for _, path in _ROUTES}
    assert named == set(PARTS)


async def _parts(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """Return the ids of parts of orders."""
    await invoicing.charge(client, shop, monkeypatch)
    cart, order, _ = await invoicing.placed(client)
    payment = await invoicing.pay(client, shop, cart)
    (invoice,) = await invoicing.invoices_of(client, order)
    offer(monkeypatch, shop)
    await invoicing.refund(client, shop, payment, "1.00")
    refund = (await payments_of(client, order))["refunds"][0]
    shipped = await shipped_order(client, 2)
    asked = await ask(client, shipped, 1)
    (shipment,) = await shipments_of(client, shipped)
    return {
        "payment_id": payment["id"],
        "refund_id": refund["id"],
        "invoice_id": invoice["id"],
        "return_id": asked["id"],
        "shipment_id": shipment["id"],
    }


async def test_a_part_of_another_order_is_not_found_and_unchanged(
    packer: Browser, client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = await _parts(client, shop, monkeypatch)
    other = await shipped_order(client, 1)
    at = f"/console/orders/{other['id']}"
    await packer.go(at)
    token: dict[str, Any] = {"_token": packer.form().fields["_token"]}
    before = await everything(shop)
    for method, path in sorted(_ROUTES):
        kind = re.findall(r"{(\w+)}", path)[0]
        data = token | _FIELDS if method == "POST" else None
        refused = await packer.http.request(method, at + path.format(**parts), data=data)
        assert refused.status_code == 404, path
        title = kind.removesuffix("_id").capitalize()
        assert f"{title} not found" in refused.text, path
    assert await everything(shop) == before


async def test_a_part_of_the_order_itself_is_found(
    packer: Browser, client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await invoicing.charge(client, shop, monkeypatch)
    cart, order, _ = await invoicing.placed(client)
    await invoicing.pay(client, shop, cart)
    (invoice,) = await invoicing.invoices_of(client, order)
    shown = await packer.visit(f"/console/orders/{order['id']}/invoices/{invoice['id']}")
    assert shown.status_code == 200 and shown.content.startswith(b"%PDF")
