"""Every table with data of persons is exported and erased, or listed here with the reason."""

import re
from collections.abc import Callable
from uuid import UUID

import httpx
import pytest
from litestar import Litestar
from sqlalchemy import Column, ForeignKey, MetaData, String, Table

from app.messaging.pipeline import Pipeline
from app.models import Base, UserRole
from app.security.principal import ANONYMOUS, Caller, name_of_user
from app.wiring.areas.data import provide_guest_data, provide_privacy
from app.wiring.resources import Shop
from tests.support.accounts import at, mails_of
from tests.support.factories import address, create_product, create_user, place_order
from tests.support.queries import Statement, statements_of
from tests.test_controllers.checkout.setting import ordered, ready
from tests.test_messaging.deliveries import take_postponed

# Columns that identify a person or an actor, and columns that may contain whole documents.
PERSONAL = {
    "actor",
    "address",
    "billing_address",
    "body",
    "caller",
    "company",
    "customer_note",
    "created_by",
    "customer_key",
    "delivery_address",
    "detail",
    "email",
    "email_key",
    "first_name",
    "last_name",
    "line2",
    "note",
    "phone",
    "recipient",
    "result",
    "source",
    "street",
    "subject_id",
    "tracking_number",
    "user_agent",
    "user_id",
    "username",
    "vat_number",
}
NOT_EXPORTED = {
    "cart_lines": "are read with the cart of the person, if there is one",
    "api_keys": "a key is a machine's: that somebody has made it is in the audit trail",
    "dead_letters": "a message that the shop could not read as anybody's",
    "errands": "names what is to be done, such as an image, and no person",
    "guest_proofs": "are of addresses without an account",
    "idempotency_keys": "repeats an answer that the person was given, for a day",
    "operations": "repeats what the person's orders and addresses say, for a week",
    "order_mails": "says which mails were written about an order that is exported whole",
    "outbox": "leaves within moments, and repeats what the person's orders say",
    "payment_steps": "repeat what the payments say, which are exported",
    "outgoing_mails": "leaves within moments, to the person",
    "redemptions": "name the promotions of orders that are exported whole",
    "report_lines": "sums of an order that is exported whole",
    "return_lines": "are read with the returns of the person, if there are any",
    "shipment_lines": "are read with the shipments of the person, if there are any",
    "stock_movements": "names an order that is exported whole, or the id of staff",
}
NOT_ERASED = {
    "invoices": "the law requires that they are kept as they were issued; exports say so",
    "cart_lines": "are deleted by the database with the carts that have them",
    "errands": "names what is to be done, such as an image, and no person",
    "guest_proofs": "are of addresses without an account",
    "order_cancellations": "the books need what was cancelled; its maker is an id without a person",
    "payment_steps": "the books need each step, and no person is in it",
    "refunds": "the books need what was returned; its maker is an id without a person",
    "order_adjustments": "the books need what discounts took off, and no person is in it",
    "order_changes": "the books need each step; its maker is an id without a person",
    "order_items": "the books need what was sold, and no person is in it",
    "order_mails": "says which mails were written about an order, and no person is in it",
    "order_taxes": "the books need the tax, and no person is in it",
    "redemptions": "limits count what a customer used, by the id of the user",
    "outbox": "would be missing where it goes; only the addresses in it are anonymised",
    "report_lines": "the books need the sums of each order, and no person is in them",
    "return_lines": "the books need what was returned, and no person is in it",
    "shipment_lines": "the books need what was shipped, and no person is in it",
    "stock_movements": "the books need each movement; its maker is an id without a person",
}
_OF_ACCOUNTS = {
    "addresses": "are of users",
    "api_keys": "a key is a machine's",
    "dead_letters": "a message that the shop could not read, and no message is about a guest",
    "errands": "names what is to be done, such as the end of an order, and no person",
    "login_sessions": "are of users",
    "outbox": "no message about an order of a guest has more than its id",
    "report_lines": "sums of an order, and no person is in them",
    "stock_movements": "names an order, or the id of staff",
    "order_drafts": "staff writes them for a customer, and they end after 90 days",
    "payment_steps": "repeat what the payments say, which are exported",
    "users": "have accounts",
}
NOT_EXPORTED_OF_GUESTS = _OF_ACCOUNTS | {
    "return_lines": "are read with the returns, if there are any",
    "shipment_lines": "are read with the shipments, if there are any",
    "idempotency_keys": "repeats an answer that the guest or staff was given, for a day",
    "operations": "repeats what the guest's orders say, for a week",
    "outgoing_mails": "leaves within moments, to the guest",
    "redemptions": "name the promotions of orders that are exported whole",
}
NOT_ERASED_OF_GUESTS = (
    _OF_ACCOUNTS
    | {
        "shipments": "are cleared with the orders that have any",
        "audit_events": "the events of guests have no network address, and name no person",
    }
    | {
        name: reason
        for name, reason in NOT_ERASED.items()
        if name not in ("guest_proofs", "redemptions")
    }
)


def tables_of_persons(metadata: MetaData) -> set[str]:
    """Return the tables with a column that refers to a user, by other tables or by its name."""
    found: set[str] = {"users"}
    while True:
        more = {name for name, table in metadata.tables.items() if _leads_to(found, table)} - found
        if not more:
            return found
        found |= more


def _leads_to(found: set[str], table: Table) -> bool:
    referred = {key.column.table.name for key in table.foreign_keys}
    return bool(referred & found or PERSONAL & set(table.columns.keys()))


def tables_in(statements: list[Statement], verbs: str) -> set[str]:
    """Return the tables that statements read or write."""
    return {name for each in statements for name in re.findall(rf"(?:{verbs}) (\w+)", each.sql)}


@pytest.mark.parametrize(
    ("column", "is_found"),
    [
        (lambda: Column("owner", ForeignKey("users.id")), True),
        (lambda: Column("order_id", ForeignKey("orders.id")), True),
        (lambda: Column("email", String), True),
        (lambda: Column("quantity", String), False),
    ],
)
def test_a_table_is_one_of_persons_by_a_reference_or_by_the_name_of_a_column(
    column: Callable[[], Column[str]], is_found: bool
) -> None:
    metadata = MetaData()
    Table("users", metadata, Column("id", String, primary_key=True))
    user = ForeignKey("users.id")
    Table("orders", metadata, Column("id", String, primary_key=True), Column("by", String, user))
    Table("baskets", metadata, column())
    assert ("baskets" in tables_of_persons(metadata)) is is_found


async def buyer_of_a_finished_order(client: httpx.AsyncClient) -> Caller:
    """Return a user who has ordered to an address, and then cancelled it."""
    user, product = await create_user(client), await create_product(client)
    goods = {product["id"]: 1}
    order = await place_order(client, user["id"], goods, delivery_address=address())
    assert (await client.post(f"/orders/{order['id']}/cancel")).is_success
    user_id = UUID(user["id"])
    return Caller(name_of_user(user_id), user_id=user_id, role=UserRole.CUSTOMER)


async def test_every_table_of_persons_is_exported_or_has_a_reason(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    person = await buyer_of_a_finished_order(client)
    with statements_of(shop) as statements:
        async with shop.database.write() as session:
            await provide_privacy(session, shop).export(person, person.own_id)
    exported = tables_in(statements, "FROM")
    assert tables_of_persons(Base.metadata) - exported == set(NOT_EXPORTED)


async def test_every_table_of_persons_is_erased_or_has_a_reason(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    person = await buyer_of_a_finished_order(client)
    with statements_of(shop) as statements:
        async with shop.database.write() as session:
            await provide_privacy(session, shop).erase(person, person.own_id)
    erased = tables_in(statements, "UPDATE|DELETE FROM")
    assert tables_of_persons(Base.metadata) - erased == set(NOT_ERASED)


async def token_of_a_guest(client: httpx.AsyncClient, app: Litestar, shop: Shop) -> str:
    """Place a finished order of a guest, and an unfinished one whose mail waits.

    Return the token that proves the address.
    """
    goods = await create_product(client)
    async with at(app, "198.18.255.1") as guest:
        for is_finished in (True, False):
            order = await ordered(await ready(guest, {goods["id"]: 1}))
            if is_finished:
                path, cancelled = f"/orders/{order['id']}", {"status": "cancelled"}
                await client.patch(path, json=cancelled, headers={"Prefer": "respond-async"})
                await Pipeline(shop).process(await take_postponed(shop))
        asked = {"email": "ada@example.com"}
        assert (await guest.post("/guest-data/requests", json=asked)).status_code == 202
    body = (await mails_of(shop))[-1].body
    (token,) = re.findall(r"^[A-Za-z0-9_-]{43}$", body, re.MULTILINE)
    found: str = token
    return found


async def test_every_table_of_persons_is_exported_to_a_guest_or_has_a_reason(
    client: httpx.AsyncClient, app: Litestar, shop: Shop
) -> None:
    token = await token_of_a_guest(client, app, shop)
    with statements_of(shop) as statements:
        async with shop.database.write() as session:
            await provide_guest_data(session, shop).export(token, ANONYMOUS)
    left = tables_of_persons(Base.metadata) - tables_in(statements, "FROM|INTO")
    assert left == set(NOT_EXPORTED_OF_GUESTS)


async def test_every_table_of_persons_is_erased_of_a_guest_or_has_a_reason(
    client: httpx.AsyncClient, app: Litestar, shop: Shop
) -> None:
    token = await token_of_a_guest(client, app, shop)
    with statements_of(shop) as statements:
        async with shop.database.write() as session:
            await provide_guest_data(session, shop).erase(token, ANONYMOUS)
    left = tables_of_persons(Base.metadata) - tables_in(statements, "UPDATE|DELETE FROM")
    assert left == set(NOT_ERASED_OF_GUESTS)
