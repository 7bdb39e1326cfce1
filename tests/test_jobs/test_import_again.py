"""Rows that were imported before are recognized: unchanged, refused as different, or updated."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text, update

from app.jobs.daily_reports import make_report
from app.models import AuditEvent, Order
from app.services.data.import_outcome import ImportOptions, Outcome
from app.wiring.resources import Shop
from tests.support.cached import caught_up
from tests.support.ledger import assert_conserved, every, movements_of
from tests.test_jobs.test_file_import import (
    ADA,
    BOB,
    CUP,
    LINE,
    SECOND,
    TEA,
    Row,
    everything,
    load,
    orders_of,
    stock,
)

PLAIN = ImportOptions()
UPDATING = ImportOptions(updates_existing=True)
UPDATING_AND_MOVING = ImportOptions(updates_existing=True, moves_stock=True)
DAY_LATER = {"placed_at": "2026-01-02T10:00:00+01:00"}


@pytest.fixture(name="order")
def open_order() -> Row:
    """The row of an order that is not delivered yet."""
    return LINE | {"status": "pending"}


async def start(shop: Shop, folder: Path, *lines: Row, options: ImportOptions = PLAIN) -> None:
    """Import the products, Ada and some orders."""
    outcomes = await load(
        shop, folder, options, products=[TEA, CUP], users=[ADA], orders=list(lines)
    )
    assert [outcome.refused for outcome in outcomes.values()] == [[], [], []]


async def again(shop: Shop, folder: Path, options: ImportOptions, *lines: Row) -> Outcome:
    """Import orders again."""
    return (await load(shop, folder, options, orders=list(lines)))["orders"]


async def only_order(client: httpx.AsyncClient) -> Any:
    """Return the only order."""
    (order,) = await orders_of(client)
    return order


async def tea_of(client: httpx.AsyncClient) -> str:
    """Return the id of the tea."""
    return str({each["sku"]: each["id"] for each in await every(client, "/products")}["tea"])


async def test_imported_past_orders_do_not_change_the_current_stock(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    await start(shop, tmp_path, LINE | {"quantity": "99"}, LINE | {"reference": "r2"})
    assert await stock(client) == {"tea": 10, "cup": 5}
    tea = await tea_of(client)
    assert sorted(await movements_of(client, tea)) == [
        *(("sale", -99), ("sale", -2)),
        *(("supply", 2), ("supply", 10), ("supply", 99)),
    ]
    await assert_conserved(client, [tea])
    assert await make_report(shop, datetime(2026, 1, 1).date()) == "made"


@pytest.mark.parametrize(
    ("change", "different"),
    [
        ({}, None),
        ({"placed_at": "2026-01-01T09:00:00Z"}, None),
        ({"unit_price": ""}, None),
        (
            {"placed_at": "2026-01-01T10:00:00Z"},
            "placed_at is 2026-01-01T09:00:00+00:00 here, 2026-01-01T10:00:00+00:00 in the file "
            "(--update takes the file's)",
        ),
        (
            {"status": "cancelled"},
            "status is delivered here, cancelled in the file (--update takes the file's)",
        ),
        (
            {"quantity": "5"},
            "quantity of tea is 2 here, 5 in the file; "
            "of an order, only placed_at and status can be changed",
        ),
        (
            {"unit_price": "4.00"},
            "unit_price of tea is 4.50 here, 4.00 in the file; "
            "of an order, only placed_at and status can be changed",
        ),
        (
            {"sku": "cup"},
            "sku is tea here, cup in the file; "
            "of an order, only placed_at and status can be changed",
        ),
    ],
)
async def test_an_order_is_recognized_by_its_reference(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path, change: Row, different: str | None
) -> None:
    await start(shop, tmp_path, LINE)
    before = await everything(client)
    outcome = await again(shop, tmp_path, PLAIN, LINE | change)
    reason = f"order r1: is there already, and different: {different}"
    assert outcome == (Outcome(refused=[(2, reason)]) if different else Outcome(unchanged=1))
    assert await everything(client) == before


async def test_an_order_of_another_user_under_the_same_reference_is_refused(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    await start(shop, tmp_path, LINE)
    await load(shop, tmp_path, users=[BOB])
    before = await everything(client)
    outcome = await again(shop, tmp_path, UPDATING, LINE | {"username": "bob"})
    reason = (
        "order r1: is there already, and different: username is another user here, bob in the "
        "file; of an order, only placed_at and status can be changed"
    )
    assert outcome == Outcome(refused=[(2, reason)])
    assert await everything(client) == before


async def test_an_update_moves_an_order_to_another_day_with_its_sales_and_reports(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    await start(shop, tmp_path, LINE, SECOND)
    days = [datetime(2026, 1, day).date() for day in (1, 2)]
    assert [await make_report(shop, day) for day in days] == ["made", "made"]
    outcome = await again(shop, tmp_path, UPDATING, LINE | DAY_LATER, SECOND | DAY_LATER)
    change = "order r1: placed_at: 2026-01-01T09:00:00+00:00 becomes 2026-01-02T09:00:00+00:00"
    assert outcome == Outcome(updated=[(2, change), (3, change)])
    order = await only_order(client)
    moment = datetime(2026, 1, 2, 9, tzinfo=UTC)
    assert datetime.fromisoformat(order["created_at"]) == moment
    assert [datetime.fromisoformat(each["changed_at"]) for each in order["history"]] == [moment]
    assert order["version"] == 2
    assert [await make_report(shop, day) for day in days] == ["replaced", "replaced"]
    assert await stock(client) == {"tea": 10, "cup": 5}
    repeated = await again(shop, tmp_path, UPDATING, LINE | DAY_LATER, SECOND | DAY_LATER)
    assert repeated == Outcome(unchanged=2)


@pytest.mark.parametrize("options", [UPDATING, UPDATING_AND_MOVING])
async def test_an_update_changes_the_status_by_the_allowed_transitions(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path, order: Row, options: ImportOptions
) -> None:
    await start(shop, tmp_path, order)
    outcome = await again(shop, tmp_path, options, order | {"status": "delivered"})
    assert outcome == Outcome(updated=[(2, "order r1: status: pending becomes delivered")])
    stored = await only_order(client)
    assert [each["to_status"] for each in stored["history"]] == [
        *("pending", "paid", "shipped", "delivered")
    ]
    assert {each["actor"] for each in stored["history"]} == {"import"}
    assert await stock(client) == {"tea": 10, "cup": 5}


@pytest.mark.parametrize(("options", "left"), [(UPDATING, 10), (UPDATING_AND_MOVING, 12)])
async def test_an_update_that_cancels_returns_units_only_if_stock_is_moved(
    shop: Shop,
    client: httpx.AsyncClient,
    tmp_path: Path,
    order: Row,
    options: ImportOptions,
    left: int,
) -> None:
    await start(shop, tmp_path, order)
    outcome = await again(shop, tmp_path, options, order | {"status": "cancelled"})
    assert outcome == Outcome(updated=[(2, "order r1: status: pending becomes cancelled")])
    assert await stock(client) == {"tea": left, "cup": 5}
    await assert_conserved(client, [await tea_of(client)])


async def test_a_status_without_an_allowed_transition_is_refused(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    await start(shop, tmp_path, LINE)
    before = await everything(client)
    outcome = await again(shop, tmp_path, UPDATING, LINE | {"status": "paid"})
    reason = "order r1: status: an order that is delivered cannot become paid"
    assert outcome == Outcome(refused=[(2, reason)])
    assert await everything(client) == before


async def test_an_order_is_not_moved_to_a_time_after_its_changes(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path, order: Row
) -> None:
    await start(shop, tmp_path, order)
    ahead = (datetime.now(UTC) + timedelta(hours=20)).isoformat()
    assert (await again(shop, tmp_path, UPDATING, order | {"status": "paid"})).refused == []
    before = await everything(client)
    outcome = await again(shop, tmp_path, UPDATING, LINE | {"placed_at": ahead})
    reason = "order r1: placed_at: is after the order became paid"
    assert outcome == Outcome(refused=[(2, reason)])
    assert await everything(client) == before


async def test_an_order_more_than_a_day_in_the_future_is_refused(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    soon, late = (now + timedelta(hours=hours) for hours in (23, 25))
    await start(shop, tmp_path, LINE | {"placed_at": soon.isoformat()})
    outcome = await again(
        shop, tmp_path, PLAIN, LINE | {"reference": "r2", "placed_at": late.isoformat()}
    )
    reason = f"order r2: placed_at: {late.isoformat()} is more than a day in the future"
    assert outcome == Outcome(refused=[(2, reason)])
    assert len(await orders_of(client)) == 1


async def test_an_order_of_a_release_without_references_is_recognized_and_gets_its_own(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    await start(shop, tmp_path, LINE)
    async with shop.database.write() as session:
        await session.execute(update(Order).values(source_reference=None))
    assert await again(shop, tmp_path, PLAIN, LINE) == Outcome(unchanged=1)
    async with shop.database.read() as session:
        assert list(await session.scalars(select(Order.source_reference))) == ["r1"]
    assert len(await orders_of(client)) == 1


async def test_no_two_orders_have_one_reference(shop: Shop, tmp_path: Path) -> None:
    await start(shop, tmp_path, LINE, LINE | {"reference": "r2"})
    statement = text("UPDATE orders SET source_reference = 'r1'")
    with pytest.raises(Exception, match="(?i)unique"):
        async with shop.database.write() as session:
            await session.execute(statement)


async def test_an_update_changes_a_product_as_the_api_does(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    await load(shop, tmp_path, products=[TEA, CUP])
    changed = TEA | {"name": "Green Tea", "price": "9.99", "stock_quantity": "7"}
    outcomes = await load(shop, tmp_path, UPDATING, products=[changed, CUP])
    change = (
        "name: 'Tea' becomes 'Green Tea'; price: 4.99 becomes 9.99; stock_quantity: 10 becomes 7"
    )
    assert outcomes["products"] == Outcome(unchanged=1, updated=[(2, change)])
    await caught_up(shop)
    (tea,) = await every(client, "/products", q="green", include="stock")
    assert (tea["name"], tea["price"], tea["stock_quantity"]) == ("Green Tea", "9.99", 7)
    assert await movements_of(client, tea["id"]) == [("supply", 10), ("stocktake", -3)]
    async with shop.database.read() as session:
        (event,) = await session.scalars(select(AuditEvent))
    assert (event.event, event.actor) == ("price.changed", "import")
    assert event.detail == {"from": "4.99", "to": "9.99"}


async def test_an_update_does_not_change_columns_that_the_row_lacks(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    await load(shop, tmp_path, products=[TEA | {"description": "Black.", "is_active": "no"}])
    row = {name: TEA[name] for name in ("sku", "category", "price")} | {"name": "Green Tea"}
    outcomes = await load(shop, tmp_path, UPDATING, products=[row | {"description": ""}])
    assert outcomes["products"] == Outcome(updated=[(2, "name: 'Tea' becomes 'Green Tea'")])
    product = (await client.get(f"/products/{await _id_of_tea(shop)}")).json()
    assert (product["name"], product["description"]) == ("Green Tea", "Black.")
    assert (product["is_active"], product["stock_quantity"]) == (False, 10)


async def _id_of_tea(shop: Shop) -> str:
    async with shop.database.read() as session:
        found = (await session.execute(text("SELECT id FROM products WHERE sku = 'tea'"))).scalar()
    return str(found)


async def test_an_update_that_moves_stock_can_be_repeated_without_returning_units(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    for orders in ([LINE], [LINE, LINE | {"reference": "r2"}]):
        await load(shop, tmp_path, UPDATING_AND_MOVING, products=[TEA], users=[ADA], orders=orders)
    assert await stock(client) == {"tea": 6}


async def test_an_archived_product_is_not_changed(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    await load(shop, tmp_path, products=[TEA])
    assert (await client.delete(f"/products/{await tea_of(client)}")).status_code == 204
    outcomes = await load(shop, tmp_path, UPDATING, products=[TEA | {"price": "9.99"}])
    assert outcomes["products"] == Outcome(refused=[(2, "sku: product tea is archived")])
    assert await every(client, "/products") == []


async def test_an_update_changes_a_user_by_the_e_mail_address(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    await load(shop, tmp_path, users=[ADA])
    changed = ADA | {"email": "ADA@example.com", "username": "countess", "last_name": "King"}
    outcomes = await load(shop, tmp_path, UPDATING, users=[changed])
    change = "username: 'ada' becomes 'countess'; last_name: 'Lovelace' becomes 'King'"
    assert outcomes["users"] == Outcome(updated=[(2, change)])
    (user,) = await every(client, "/users")
    assert (user["username"], user["last_name"], user["email"]) == (
        *("countess", "King"),
        ADA["email"],
    )


async def test_an_administrator_is_not_changed(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    await load(shop, tmp_path, users=[ADA, BOB])
    async with shop.database.write() as session:
        await session.execute(text("UPDATE users SET role = 'admin' WHERE username = 'ada'"))
    await caught_up(shop)
    rows = [ADA | {"last_name": "King"}, BOB | {"last_name": "King"}]
    outcomes = await load(shop, tmp_path, UPDATING, users=rows)
    assert outcomes["users"] == Outcome(
        updated=[(3, "last_name: 'Lovelace' becomes 'King'")],
        refused=[(2, "only administrators may change staff and administrators")],
    )
    names = {each["username"]: each["last_name"] for each in await every(client, "/users")}
    assert (names["ada"], names["bob"]) == ("Lovelace", "King")
