"""Migrations of data that was stored by earlier releases."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import column, insert, select, table, text, update

from app.controllers.carts import CONTROLLERS as CARTS
from app.core.email_addresses import address_key
from app.core.ids import new_id
from app.core.search_words import search_text
from app.database.migrate import migrate
from app.models import ApiKey, AuditEvent, Cart, Product, User, UserRole, Variant
from app.repositories.catalogue.product_repository import ProductRepository
from app.schemas.catalogue.product_query import ProductQuery
from app.tables.identity import comparison_key
from app.wiring.resources import Shop
from tests.conftest import client_of, running
from tests.support.accounts import log_in
from tests.support.applications import WITH_ORDERS, with_routes_of
from tests.support.factories import create_product, create_user
from tests.support.ledger import every
from tests.support.machines import let_machine_in
from tests.test_database.schema_steps import downgrade, fill, found, upgrade

# The columns of the oldest schema: the models also have later columns.
BLACK_TEA = {
    "id": UUID("0199a1b2-7c00-7d00-8e00-0123456789ab"),
    "sku": "black",
    "name": "Black Tea",
    "description": "",
    "category": "Tea",
    "price_minor": 499,
    "currency": "USD",
    "stock_quantity": 0,
    "search_text": "black tea",
    "is_active": True,
    "version": 1,
    "created_at": datetime(2026, 1, 31, tzinfo=UTC),
    "updated_at": datetime(2026, 1, 31, tzinfo=UTC),
}
# In the current schema, the stock and the SKU belong to a variant.
OLD_PRODUCTS = table(
    "products",
    *(
        column(name, (Product if name in Product.__table__.c else Variant).__table__.c[name].type)
        for name in BLACK_TEA
    ),
)


@pytest.fixture(name="shop")
def shop_without_a_schema(bare_shop: Shop) -> Shop:
    """A shop whose database is empty, on each database in turn."""
    return bare_shop


async def test_products_from_before_the_search_are_found(shop: Shop) -> None:
    await migrate(shop.database)
    async with (
        running(with_routes_of(Shop(shop.settings), WITH_ORDERS, CARTS)) as app,
        client_of(app) as client,
    ):
        await fill(client)
        await downgrade(shop.database, "0001")
        async with shop.database.write() as session:
            await session.execute(insert(OLD_PRODUCTS).values(**BLACK_TEA))
        await upgrade(shop.database, "0002")
        await upgrade(shop.database, "head")
        await let_machine_in(shop)
        await create_product(client, name="White Tea")
        assert await found(client, "tea") == ["Black Tea", "Green Tea", "White Tea"]
        assert await found(client, "black") == ["Black Tea"]


async def test_users_of_two_domains_that_had_one_key_get_two(shop: Shop) -> None:
    emails = {"ada": "x@fa\u00df.de", "bob": "x@xn--fa-hia.de", "eve": "Eve@Example.com"}
    async with (
        running(with_routes_of(Shop(shop.settings), WITH_ORDERS, CARTS)) as app,
        client_of(app) as client,
    ):
        ids = {name: (await create_user(client, username=name))["id"] for name in emails}
        await downgrade(shop.database, "0009")
        async with shop.database.write() as session:
            for name, email in emails.items():
                change = update(User).where(User.username == name)
                key = comparison_key(email)
                await session.execute(change.values(email=email, email_key=key))
        await upgrade(shop.database, "head")
        await let_machine_in(shop)
        other = await create_user(client, email="x@fass.de")
        for email, owner in (
            ("x@fa\u00df.de", ids["bob"]),
            ("x@XN--FA-HIA.de", ids["bob"]),
            ("x@fass.de", other["id"]),
            ("eve@example.com", ids["eve"]),
        ):
            found_users = await every(client, "/users", email=email)
            assert [each["id"] for each in found_users] == [owner]
        # The other user of one mailbox logs in with the username, and can still be changed.
        assert (await log_in(client, "ada")).status_code == 200
        path = f"/users/{ids['ada']}"
        assert (await client.patch(path, json={"first_name": "Bob"})).status_code == 200
        await downgrade(shop.database, "0009")
        await upgrade(shop.database, "head")


async def test_carts_from_before_their_keys_are_found_by_their_addresses(shop: Shop) -> None:
    emails = ["X@fa\u00df.de", "Stra\u00dfe@XN--FA-HIA.de", "eve@example.com", None]
    async with (
        running(with_routes_of(Shop(shop.settings), WITH_ORDERS, CARTS)) as app,
        client_of(app) as client,
    ):
        for email in emails:
            assert (await client.post("/carts", json={"email": email})).status_code == 201
        await downgrade(shop.database, "0030")
        await upgrade(shop.database, "head")
    async with shop.database.read() as session:
        keys = list(await session.scalars(select(Cart.email_key).order_by(Cart.created_at)))
    assert keys == ["x@xn--fa-hia.de", "strasse@xn--fa-hia.de", "eve@example.com", None]
    assert keys == [None if email is None else address_key(email) for email in emails]


async def test_keys_of_former_administrators_are_revoked(shop: Shop) -> None:
    now = datetime(2026, 1, 31, tzinfo=UTC)
    async with (
        running(with_routes_of(Shop(shop.settings), WITH_ORDERS, CARTS)) as app,
        client_of(app) as client,
    ):
        makers = [UUID((await create_user(client))["id"]) for _ in range(3)]
        await downgrade(shop.database, "0010")
        rights = [(UserRole.ADMIN, True), (UserRole.ADMIN, False), (UserRole.STAFF, True)]
        async with shop.database.write() as session:
            for maker, (role, is_active) in zip(makers, rights, strict=True):
                change = update(User).where(User.id == maker)
                await session.execute(change.values(role=role, is_active=is_active))
                session.add(
                    ApiKey(
                        id=new_id(now),
                        name=str(maker),
                        digest=bytes(32),
                        scopes=[],
                        created_by=maker,
                        created_at=now,
                    )
                )
        await upgrade(shop.database, "head")
        async with shop.database.read() as session:
            keys = {key.created_by: key for key in await session.scalars(select(ApiKey))}
            events = (await session.scalars(select(AuditEvent))).all()
    assert [keys[maker].revoked_at is None for maker in (*makers, None)] == [
        True,
        False,
        False,
        True,
    ]
    revoked = [each for each in events if each.event == "api-key.revoked"]
    assert {each.subject_id for each in revoked} == {keys[maker].id for maker in makers[1:]}
    assert all(each.created_at == keys[makers[1]].revoked_at for each in revoked)


async def test_the_search_words_of_stored_products_are_computed_again(shop: Shop) -> None:
    # More than one batch; the words of one product do not change.
    rows = [
        BLACK_TEA
        | {"id": UUID(int=number + 1), "sku": f"S{number}", "name": "茶葉", "search_text": "茶葉"}
        for number in range(1_500)
    ]
    rows[700] |= {"name": "Black", "sku": "B", "search_text": "black b tea"}
    await upgrade(shop.database, "0012")
    async with shop.database.write() as session:
        await session.execute(insert(OLD_PRODUCTS), rows)
    await upgrade(shop.database, "0013")
    async with shop.database.read() as session:
        stored = (await session.scalars(text("SELECT search_text FROM products ORDER BY id"))).all()
    await upgrade(shop.database, "head")
    async with shop.database.read() as session:
        page, _ = await ProductRepository(session).find(ProductQuery(q="葉 tea s1499"))
    assert stored == [search_text(str(row["name"]), str(row["sku"]), "Tea") for row in rows]
    assert (stored[0], stored[700]) == ("q0px2q0q4p q0q4p s0 tea", "black b tea")
    assert [each.sku for each in page] == ["S1499"]
