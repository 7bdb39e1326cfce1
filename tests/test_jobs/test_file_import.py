"""Products, users and orders are imported from files once, under the rules of the shop."""

import csv
from collections.abc import Sequence
from datetime import datetime
from itertools import permutations
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.core.clock import Clock
from app.jobs.file_import import import_files
from app.services.data.import_outcome import ImportOptions, Outcome
from app.wiring.resources import Shop
from tests.support.cached import caught_up
from tests.support.ledger import assert_conserved, every, movements_of

Row = dict[str, str]

TEA = {
    "sku": "tea",
    "name": "Tea",
    "category": "Drinks",
    "price": "4.99",
    "stock_quantity": "10",
}
CUP = TEA | {
    "sku": "cup",
    "name": "Cup",
    "category": "Kitchen",
    "price": "2",
    "stock_quantity": "5",
}
ADA = {
    "username": "ada",
    "email": "ada@example.com",
    "first_name": "Ada",
    "last_name": "Lovelace",
}
BOB = ADA | {"username": "bob", "email": "bob@example.com", "first_name": "Bob"}
LINE = {
    "reference": "r1",
    "username": "ada",
    "placed_at": "2026-01-01T10:00:00+01:00",
    "sku": "tea",
    "quantity": "2",
    "unit_price": "4.50",
}
SECOND = LINE | {"sku": "cup", "quantity": "1", "unit_price": ""}
MOVING = ImportOptions(moves_stock=True)
FILES = {"products": [TEA, CUP], "users": [ADA], "orders": [LINE, SECOND]}


def write(folder: Path, name: str, rows: Sequence[Row]) -> Path:
    """Write a CSV file."""
    path = folder / f"{name}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


async def load(
    shop: Shop, folder: Path, options: ImportOptions = MOVING, /, **files: Sequence[Row]
) -> dict[str, Outcome]:
    """Import files of these rows, in the order given."""
    paths = [write(folder, name, rows) for name, rows in files.items()]
    outcomes = await import_files(shop, paths, options=options)
    return {path.stem: outcome for path, outcome in outcomes.items()}


async def stock(client: httpx.AsyncClient) -> dict[str, int]:
    """Return the units in stock, by SKU."""
    return {
        each["sku"]: each["stock_quantity"]
        for each in await every(client, "/products", include="stock")
    }


async def orders_of(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    """Return every order with its lines, the oldest first."""
    summaries = await every(client, "/orders")
    return [(await client.get(f"/orders/{each['id']}")).json() for each in reversed(summaries)]


async def everything(client: httpx.AsyncClient) -> list[Any]:
    """Return all products, stock movements, users and orders."""
    products = await every(client, "/products", include="stock")
    movements = [await every(client, f"/products/{each['id']}/stock") for each in products]
    return [products, movements, await every(client, "/users"), await orders_of(client)]


@pytest.mark.any_database
@pytest.mark.parametrize("kinds", list(permutations(FILES)))
async def test_files_are_imported_in_any_order(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path, kinds: tuple[str, ...]
) -> None:
    outcomes = await load(shop, tmp_path, **{kind: FILES[kind] for kind in kinds})
    assert outcomes == {"products": Outcome(2), "users": Outcome(1), "orders": Outcome(2)}
    assert await stock(client) == {"tea": 8, "cup": 4}
    (user,) = await every(client, "/users")
    (order,) = await orders_of(client)
    assert (user["email"], user["role"], user["is_active"]) == (ADA["email"], "customer", True)
    assert order["user_id"] == user["id"]
    assert (order["status"], order["total"], order["units"]) == ("delivered", "11.00", 3)
    assert datetime.fromisoformat(order["created_at"]) == datetime.fromisoformat(LINE["placed_at"])
    assert [
        (each["sku"], each["name"], each["unit_price"], each["quantity"]) for each in order["items"]
    ] == [("tea", "Tea", "4.50", 2), ("cup", "Cup", "2.00", 1)]
    assert [
        (each["from_status"], each["to_status"], each["actor"]) for each in order["history"]
    ] == [(None, "delivered", "import")]
    await assert_conserved(client, [each["product_id"] for each in order["items"]])


async def test_every_supply_and_sale_is_a_movement(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    empty = TEA | {"sku": "empty", "stock_quantity": ""}
    await load(shop, tmp_path, products=[TEA, CUP, empty], users=[ADA], orders=[LINE, SECOND])
    ids = {each["sku"]: each["id"] for each in await every(client, "/products")}
    assert sorted(await movements_of(client, ids["tea"])) == [("sale", -2), ("supply", 10)]
    assert sorted(await movements_of(client, ids["cup"])) == [("sale", -1), ("supply", 5)]
    assert await movements_of(client, ids["empty"]) == []


async def test_a_second_run_changes_nothing(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    await load(shop, tmp_path, **FILES)
    before = await everything(client)
    outcomes = await load(shop, tmp_path, **FILES)
    assert outcomes == {
        "products": Outcome(0, unchanged=2),
        "users": Outcome(0, unchanged=1),
        "orders": Outcome(0, unchanged=2),
    }
    assert await everything(client) == before


async def test_existing_rows_stay_unchanged(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    await load(shop, tmp_path, **FILES)
    before = await everything(client)
    outcomes = await load(
        shop, tmp_path, products=[TEA | {"price": "9.99", "stock_quantity": "99"}]
    )
    reason = (
        "is there already, and different: price is 4.99 here, 9.99 in the file "
        "(--update takes the file's)"
    )
    assert outcomes == {"products": Outcome(refused=[(2, reason)])}
    assert await everything(client) == before


async def test_a_repeated_row_is_refused_with_the_number_of_the_first(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    outcomes = await load(shop, tmp_path, products=[TEA, TEA], users=[ADA, ADA])
    assert outcomes == {
        "products": Outcome(1, refused=[(3, "sku: tea is in row 2 already")]),
        "users": Outcome(1, refused=[(3, "email: ada@example.com is in row 2 already")]),
    }
    assert await stock(client) == {"tea": 10}


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"price": "-1"}, "price: must be a decimal number like 19.99, without a sign"),
        ({"price": ""}, "price: is required"),
        ({"name": ""}, "name: is required"),
        ({"stock_quantity": "-1"}, "stock_quantity: must be greater than or equal to 0"),
        ({"stock_quantity": "1.5"}, "stock_quantity: must be an integer"),
    ],
)
async def test_a_wrong_product_is_refused_and_the_others_are_loaded(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path, change: Row, reason: str
) -> None:
    outcomes = await load(shop, tmp_path, products=[TEA, CUP | change, CUP | {"sku": "mug"}])
    (refused,) = outcomes["products"].refused
    assert refused[0] == 3
    assert refused[1].startswith(reason)
    assert outcomes["products"].added == 2
    assert await stock(client) == {"tea": 10, "mug": 5}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"email": "ADA@example.com"}, "email: ADA@example.com is in row 2 already"),
        ({"username": "Ada"}, "username: Ada is in row 2 already"),
        ({"username": "a b"}, "username: "),
        ({"email": "nowhere"}, "email: "),
    ],
)
async def test_a_wrong_user_is_refused_and_the_others_are_loaded(
    shop: Shop,
    client: httpx.AsyncClient,
    tmp_path: Path,
    change: Row,
    reason: str,
) -> None:
    carol = BOB | {"username": "carol", "email": "carol@example.com"}
    outcomes = await load(shop, tmp_path, users=[ADA, BOB | change, carol])
    (refused,) = outcomes["users"].refused
    assert refused[0] == 3
    assert refused[1].startswith(reason)
    assert sorted(each["username"] for each in await every(client, "/users")) == ["ada", "carol"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"email": "ADA@example.com"},
            "is there already, and different: username is 'ada' here, 'bob' in the file; "
            "first_name is 'Ada' here, 'Bob' in the file (--update takes the file's)",
        ),
        ({"username": "Ada"}, "username: belongs to another user"),
    ],
)
async def test_a_user_who_shares_an_address_or_name_with_another_is_refused(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path, change: Row, reason: str
) -> None:
    await load(shop, tmp_path, users=[ADA])
    before = await every(client, "/users")
    outcomes = await load(shop, tmp_path, users=[BOB | change])
    assert outcomes["users"] == Outcome(refused=[(2, reason)])
    assert await every(client, "/users") == before


GOOD = LINE | {"reference": "good", "quantity": "1"}
AFTER = LINE | {"reference": "after", "quantity": "3"}
Refusals = list[tuple[int, str]]
REFUSED_ORDERS: dict[str, tuple[list[Row], Refusals]] = {
    "unknown SKU": (
        [LINE, SECOND | {"sku": "pot"}],
        [(row, "order r1: there is no product pot") for row in (3, 4)],
    ),
    "unknown user": ([LINE | {"username": "eve"}], [(3, "order r1: there is no user eve")]),
    "a product twice": (
        [LINE, LINE],
        [(row, "order r1: product tea occurs twice") for row in (3, 4)],
    ),
    "rows that disagree": (
        [LINE, SECOND | {"username": "bob"}],
        [
            (
                row,
                "order r1: its rows differ in username, and may only in sku, quantity and "
                "unit_price",
            )
            for row in (3, 4)
        ],
    ),
    "too little stock": (
        [LINE, SECOND | {"quantity": "6"}],
        [(row, "order r1: 6 of cup ordered, 5 in stock") for row in (3, 4)],
    ),
    "no quantity": (
        [LINE, SECOND | {"quantity": ""}],
        [(3, "order r1: row 4 is refused"), (4, "quantity: is required")],
    ),
    "a bad quantity": (
        [LINE, SECOND | {"quantity": "0"}],
        [
            (3, "order r1: row 4 is refused"),
            (4, "quantity: must be greater than or equal to 1 (found '0')"),
        ],
    ),
    "a bad price": (
        [LINE | {"unit_price": "-1"}, SECOND],
        [
            (3, "unit_price: must be a decimal number like 19.99, without a sign (found '-1')"),
            (4, "order r1: row 3 is refused"),
        ],
    ),
    "no reference": ([LINE | {"reference": ""}], [(3, "reference: is required")]),
    "too many rows": (
        [LINE | {"sku": f"sku-{number}"} for number in range(101)],
        [(row, "order r1: has more than 100 rows") for row in range(3, 104)],
    ),
}


@pytest.mark.parametrize(("rows", "refusals"), REFUSED_ORDERS.values(), ids=list(REFUSED_ORDERS))
async def test_a_wrong_order_is_refused_completely_and_the_others_are_loaded(
    shop: Shop,
    client: httpx.AsyncClient,
    tmp_path: Path,
    rows: list[Row],
    refusals: Refusals,
) -> None:
    outcomes = await load(
        shop, tmp_path, products=[TEA, CUP], users=[ADA, BOB], orders=[GOOD, *rows, AFTER]
    )
    assert outcomes["orders"] == Outcome(2, refused=refusals)
    assert await stock(client) == {"tea": 6, "cup": 5}
    assert sorted(each["units"] for each in await every(client, "/orders")) == [1, 3]


async def test_an_order_whose_rows_are_not_adjacent_is_refused_completely(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    outcomes = await load(
        shop, tmp_path, products=[TEA, CUP], users=[ADA], orders=[LINE, GOOD, SECOND, AFTER]
    )
    reason = "order r1: its rows are not adjacent"
    assert outcomes["orders"] == Outcome(2, refused=[(2, reason), (4, reason)])
    assert await stock(client) == {"tea": 6, "cup": 5}
    together = await load(shop, tmp_path, orders=[LINE, SECOND, GOOD, AFTER])
    assert together["orders"] == Outcome(2, unchanged=2)
    assert await stock(client) == {"tea": 4, "cup": 4}


async def test_the_last_units_go_to_the_first_orders_of_a_file(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    orders = [LINE | {"reference": f"r{number}", "quantity": "4"} for number in range(3)]
    outcomes = await load(shop, tmp_path, products=[TEA], users=[ADA], orders=orders)
    refusal = (4, "order r2: 4 of tea ordered, 2 in stock")
    assert outcomes["orders"] == Outcome(2, refused=[refusal])
    assert await stock(client) == {"tea": 2}


async def test_a_cancelled_order_holds_no_stock(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    cancelled = LINE | {"status": "cancelled", "quantity": "11"}
    outcomes = await load(shop, tmp_path, products=[TEA], users=[ADA], orders=[cancelled])
    assert outcomes["orders"] == Outcome(1)
    (order,) = await orders_of(client)
    assert (order["status"], order["total"]) == ("cancelled", "49.50")
    assert await stock(client) == {"tea": 10}
    await assert_conserved(client, [order["items"][0]["product_id"]])


async def test_a_pending_order_continues_from_its_status(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    pending = LINE | {"status": "pending"}
    await load(shop, tmp_path, products=[TEA], users=[ADA], orders=[pending])
    (order,) = await every(client, "/orders")
    assert (await client.post(f"/orders/{order['id']}/cancel")).status_code == 200
    assert await stock(client) == {"tea": 10}


async def test_imported_orders_are_numbered_after_existing_ones(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    await load(shop, tmp_path, products=[TEA], users=[ADA], orders=[GOOD])
    await load(shop, tmp_path, orders=[AFTER, LINE])
    numbers = {each["units"]: each["number"] for each in await every(client, "/orders")}
    assert numbers[1] < numbers[3] < numbers[2]


class PowerCut(Exception):
    """The import is interrupted here."""


class BreakingClock(Clock):
    """A clock that interrupts an import after a number of readings."""

    def __init__(self, readings: int) -> None:
        super().__init__()
        self._readings = readings

    def now(self) -> datetime:
        """Return the current time, or interrupt the import."""
        self._readings -= 1
        if self._readings < 0:
            raise PowerCut
        return super().now()


@pytest.mark.any_database
async def test_an_interrupted_import_continues(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.jobs.file_import._CHUNK_ROWS", 2)
    orders = [LINE | {"reference": f"r{number}", "quantity": "1"} for number in range(6)]
    files = {"products": [TEA], "users": [ADA], "orders": orders}
    # With a Redis, the note of each drop also reads the clock.
    broken = Shop(shop.settings, BreakingClock(readings=9 if shop.cache.redis is None else 12))
    with pytest.raises(PowerCut):
        await load(broken, tmp_path, **files)
    await broken.close()
    await caught_up(shop)
    assert len(await every(client, "/orders")) == 4
    assert await stock(client) == {"tea": 6}
    outcomes = await load(shop, tmp_path, **files)
    assert outcomes["orders"] == Outcome(2, unchanged=4)
    assert len(await every(client, "/orders")) == 6
    assert await stock(client) == {"tea": 4}
