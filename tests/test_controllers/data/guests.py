"""Guests who leave data in every table, and who prove their e-mail addresses."""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from app.jobs.mail_delivery import Attachment, deliver_due
from app.messaging.pipeline import Pipeline
from app.models import Order, OutgoingMail
from app.wiring.resources import Shop
from tests.support.accounts import kind_of, mails_of, someone
from tests.support.factories import create_product
from tests.support.tables import stored_values
from tests.test_controllers.carts.setting import Customer, guest, user
from tests.test_controllers.checkout.setting import ordered
from tests.test_controllers.promotions.setting import add_promotion
from tests.test_messaging.deliveries import take_postponed

HOME = "203.0.113.78"
EMAIL = "Marked.Mail@marked-host.example"
# The same mailbox in another spelling.
SPELLED = "marked.mail@MARKED-HOST.example"
DELIVERY = {
    "recipient": "Marked Recipient",
    "company": "Markedcompany Ltd",
    "street": "Unter den Markedlinden 1",
    "line2": "Markedfloor",
    "city": "Markedcity",
    "postal_code": "10117",
    "country": "DE",
    "phone": "+49 marked 55",
}
BILLING = DELIVERY | {"recipient": "Marked Payer", "street": "2 Markedlane"}
NOTE = "Ring at Markedbell."
TRACES = (
    *("marked.mail", "marked-host", "marked recipient", "markedcompany", "markedlinden"),
    *("markedfloor", "markedcity", "marked 55", "marked payer", "markedlane", "markedbell"),
    HOME,
)
STEPS: dict[str, list[str]] = {
    "pending": [],
    "shipped": ["paid", "shipped"],
    "delivered": ["paid", "shipped", "delivered"],
    "cancelled": ["cancelled"],
}
# The tables that have data of a guest.
TABLES = {
    *("carts", "guest_proofs", "idempotency_keys", "operations", "orders", "outgoing_mails"),
    "redemptions",
}
ASYNC = {"Prefer": "respond-async"}
CLEARED = {
    **dict.fromkeys(("street", "city", "postal_code"), "anonymised"),
    "region": "",
    "country": "DE",
}
_TOKEN = re.compile(r"^[A-Za-z0-9_-]{43}$", re.MULTILINE)


@dataclass(frozen=True)
class Bought:
    """A cart, and the last response with its order."""

    cart: Customer
    order: dict[str, Any]


async def ask(client: httpx.AsyncClient, email: str = EMAIL, **fields: Any) -> httpx.Response:
    """Request a token."""
    return await client.post("/guest-data/requests", json={"email": email} | fields)


async def token_of(client: httpx.AsyncClient, shop: Shop, email: str = EMAIL) -> str:
    """Request a token, return it from the mail, and mark the mail as sent."""
    assert (await ask(client, email)).status_code == 202
    token = token_in((await mails_of(shop))[-1])
    await sent(shop)
    return token


def token_in(mail: OutgoingMail) -> str:
    """Return the token of a mail."""
    (token,) = _TOKEN.findall(mail.body)
    found: str = token
    return found


async def sent(shop: Shop) -> None:
    """Send the mails that wait."""

    async def take(_mail: OutgoingMail, _: Attachment | None) -> None:
        """Take a mail as a server does."""

    while await deliver_due(shop, take):
        pass


async def exported(client: httpx.AsyncClient, token: str) -> dict[str, Any]:
    """Return the export of a token."""
    response = await client.post("/guest-data/export", json={"token": token})
    assert response.status_code == 200, response.text
    assert response.headers["Cache-Control"] == "no-store"
    document: dict[str, Any] = response.json()
    return document


async def erased(client: httpx.AsyncClient, token: str) -> dict[str, Any]:
    """Erase the data by a token, and return the response without its time."""
    response = await client.post("/guest-data/erasure", json={"token": token})
    assert response.status_code == 200, response.text
    assert response.headers["Cache-Control"] == "no-store"
    document: dict[str, Any] = response.json()
    assert document.pop("erased_at")
    return document


async def bought(
    machine: httpx.AsyncClient, client: httpx.AsyncClient, status: str, email: str = EMAIL
) -> Bought:
    """Place an order of a guest, and change its status as staff, by a command if it is shipped."""
    tea = await create_product(machine, stock_quantity=50)
    chosen = {"delivery_address": DELIVERY, "billing_address": BILLING, "note": NOTE}
    cart = await guest(client, email=email, locale="de", **chosen)
    await cart.add(tea, 2)
    order = await ordered(cart)
    for step in STEPS[status]:
        path, headers = f"/orders/{order['id']}", {}
        if step == "shipped":
            headers = ASYNC
        response = await machine.patch(path, json={"status": step}, headers=headers)
        assert response.is_success, response.text
    return Bought(cart, order)


async def finished_commands(shop: Shop) -> None:
    """Apply the waiting commands, if there are any."""
    if commands := await take_postponed(shop):
        await Pipeline(shop).process(commands)


async def marked(
    machine: httpx.AsyncClient, home: httpx.AsyncClient, shop: Shop
) -> dict[str, Bought]:
    """Store as much data of a guest as possible in marked values; one mail waits at the end."""
    await add_promotion(machine, percent="10", per_customer_limit=10)
    orders = {
        "pending": await bought(machine, home, "pending"),
        "delivered": await bought(machine, home, "shipped", SPELLED),
        "cancelled": await bought(machine, home, "pending"),
    }
    await finished_commands(shop)
    response = await machine.patch(
        f"/orders/{orders['delivered'].order['id']}", json={"status": "delivered"}
    )
    assert response.status_code == 200, response.text
    await sent(shop)
    keyed = {"Idempotency-Key": "cancel"}
    # The responses to staff and to the guest are stored.
    path = f"/orders/{orders['cancelled'].order['id']}/cancel"
    assert (await machine.post(path, headers=keyed)).is_success
    tea = await create_product(machine)
    cart = orders["cancelled"].cart
    line = {"product_id": tea["id"], "quantity": 1}
    added = await home.post(f"/carts/{cart.cart_id}/lines", json=line, headers=cart.headers | keyed)
    assert added.is_success, added.text
    return orders


async def kept_of(shop: Shop) -> dict[str, str]:
    """Return the content of all tables of the shop as text, to be searched."""
    return {
        name: repr([tuple(map(_readable, row)) for row in rows]).casefold()
        for name, rows in (await stored_values(shop)).items()
    }


async def traces_in(shop: Shop) -> dict[str, list[str]]:
    """Return the tables that have marked values, with these."""
    found = {
        name: [trace for trace in TRACES if trace in text]
        for name, text in (await kept_of(shop)).items()
    }
    return {name: traces for name, traces in found.items() if traces}


async def refusals_of(client: httpx.AsyncClient, token: str) -> list[tuple[int, str]]:
    """Return the refusals of a token by the export and the erasure."""
    return [
        kind_of(await client.post(f"/guest-data/{path}", json={"token": token}))
        for path in ("export", "erasure")
    ]


async def rows_of(shop: Shop, table: str) -> list[Any]:
    """Return the rows of a table."""
    return (await stored_values(shop))[table]


async def order_now(shop: Shop, order: dict[str, Any]) -> Order:
    """Return the row of an order."""
    async with shop.database.read() as session:
        row = await session.get(Order, UUID(order["id"]))
    assert row is not None
    return row


async def ordered_by_user(machine: httpx.AsyncClient, client: httpx.AsyncClient) -> None:
    """Place an order of a user with the same address, who also claims the cart of a guest."""
    ada = await someone(machine, email=EMAIL)
    cart = await user(client, ada, email=EMAIL, delivery_address=DELIVERY)
    await cart.add(await create_product(machine))
    await ordered(cart)
    claimed = await guest(client, email=EMAIL, note=NOTE)
    both = {**claimed.headers, **ada.headers}
    assert (await client.post(f"/carts/{claimed.cart_id}/claim", headers=both)).status_code == 200
    await user(client, ada, 200, email=EMAIL)
    merged = await guest(client, email=EMAIL, note=NOTE)
    both = {**merged.headers, **ada.headers}
    assert (await client.post(f"/carts/{merged.cart_id}/claim", headers=both)).status_code == 200


def _readable(value: object) -> object:
    return value.decode("utf-8", "replace") if isinstance(value, (bytes, bytearray)) else value
