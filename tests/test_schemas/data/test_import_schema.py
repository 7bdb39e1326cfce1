"""A row of a file is parsed, or refused by column, reason and value."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from app.core.calendar import ShopDays
from app.schemas.data.import_schema import OrderRow, ProductRow, parse_row

BERLIN = ShopDays("Europe/Berlin")
PRODUCT = {"sku": "X-1", "name": "Cheese", "category": "Food", "price": "1.00"}
ORDER = {
    "reference": "#1",
    "username": "ada",
    "placed_at": "2026-01-01",
    "sku": "X-1",
    "quantity": "1",
}
FORMS = "placed_at: must be written like 2026-11-20 or 2026-11-20T15:30:00+01:00"
NUMBER = f"{FORMS}; a number is not accepted, as it may be a day, seconds or a year"


def order(**cells: Any) -> OrderRow:
    """Return a valid row of an order."""
    row = parse_row(OrderRow, ORDER | cells, BERLIN)
    assert isinstance(row, OrderRow), row
    return row


def refused(kind: Any, cells: dict[str, Any]) -> str:
    """Return the reasons of the refusal of a row."""
    row = parse_row(kind, (ORDER if kind is OrderRow else PRODUCT) | cells, BERLIN)
    assert isinstance(row, str), row
    return row


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-11-20", datetime(2026, 11, 19, 23, tzinfo=UTC)),
        ("2026-07-20", datetime(2026, 7, 19, 22, tzinfo=UTC)),
        ("2026-11-20T15:30:00", datetime(2026, 11, 20, 14, 30, tzinfo=UTC)),
        ("2026-11-20 15:30", datetime(2026, 11, 20, 14, 30, tzinfo=UTC)),
        ("2026-11-20T15:30:00Z", datetime(2026, 11, 20, 15, 30, tzinfo=UTC)),
        ("2026-11-20T15:30:00.25+05:30", datetime(2026, 11, 20, 10, 0, 0, 250_000, tzinfo=UTC)),
        ("2026-11-20 15:30:00 -0500", datetime(2026, 11, 20, 20, 30, tzinfo=UTC)),
        (date(2026, 11, 20), datetime(2026, 11, 19, 23, tzinfo=UTC)),
        (datetime(2026, 11, 20, 15, 30), datetime(2026, 11, 20, 14, 30, tzinfo=UTC)),
        (datetime(2026, 11, 20, 15, 30, tzinfo=UTC), datetime(2026, 11, 20, 15, 30, tzinfo=UTC)),
    ],
)
def test_a_written_moment_is_read_in_the_time_zone_of_the_shop(
    written: Any, moment: datetime
) -> None:
    assert order(placed_at=written).placed_at == moment


@pytest.mark.parametrize(
    "number", ["45306.4375", "45306", "20240115", "20240115103000", "1705314600", "1705314600000"]
)
def test_a_numeric_text_is_not_a_moment(number: str) -> None:
    assert refused(OrderRow, {"placed_at": number}) == f"{NUMBER} (found '{number}')"


@pytest.mark.parametrize("number", [45306, 45306.4375, Decimal("45306.4375")])
def test_a_number_of_a_typed_column_is_not_a_moment(number: Any) -> None:
    assert refused(OrderRow, {"placed_at": number}) == f"{NUMBER} (found '{number}')"


@pytest.mark.parametrize(
    "text",
    [
        "1/15/24, 10:30 AM",
        "15.01.2024",
        "2024-1-5",
        "2024/01/15",
        "2024-01-15T10",
        "today",
        "٢٠٢٤-٠١-١٥",
    ],
)
def test_another_notation_of_a_moment_is_refused(text: str) -> None:
    assert refused(OrderRow, {"placed_at": text}) == f"{FORMS} (found '{text}')"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2026-03-29 02:30", "does not exist in Europe/Berlin; must have an offset, like +01:00"),
        ("2026-10-25 02:30", "occurs twice in Europe/Berlin; must have an offset, like +01:00"),
        ("0001-01-01T00:00:00+14:00", "must be a moment that exists in UTC"),
    ],
)
def test_a_local_time_that_is_skipped_or_repeated_is_refused(text: str, reason: str) -> None:
    assert refused(OrderRow, {"placed_at": text}) == f"placed_at: {reason} (found '{text}')"


@pytest.mark.parametrize("text", ["2026-02-30", "2026-13-01", "2026-11-20T25:00:00Z"])
def test_a_day_or_hour_that_does_not_exist_is_refused(text: str) -> None:
    assert refused(OrderRow, {"placed_at": text}).endswith(f"(found '{text}')")


@pytest.mark.parametrize(
    ("price", "reason"),
    [
        ("1,00", "has a decimal comma; must be written with a point, like 19.99"),
        ("1.299,00", "has a decimal comma; must be written with a point, like 19.99"),
        ("$4.99", "must be a decimal number like 19.99, without a sign"),
        ("1e3", "must be a decimal number like 19.99, without a sign"),
        ("NaN", "must be a decimal number like 19.99, without a sign"),
        ("cheap", "must be a decimal number like 19.99, without a sign"),
        ("1 000", "must be a decimal number like 19.99, without a sign"),
        ("1.999", "must have at most 2 decimal places (USD)"),
    ],
)
def test_another_notation_of_a_price_is_refused_with_its_value(price: str, reason: str) -> None:
    assert refused(ProductRow, {"price": price}) == f"price: {reason} (found '{price}')"
    assert refused(OrderRow, {"unit_price": price}) == f"unit_price: {reason} (found '{price}')"


@pytest.mark.parametrize("number", ["1_000", "5.0", "5.5", "1e2", "1,000", "٣٤", "five"])
def test_another_notation_of_a_whole_number_is_refused(number: str) -> None:
    reason = f"must be an integer (found '{number}')"
    assert refused(ProductRow, {"stock_quantity": number}) == f"stock_quantity: {reason}"
    assert refused(OrderRow, {"quantity": number}) == f"quantity: {reason}"


@pytest.mark.parametrize(
    ("text", "truth"),
    [("TRUE", True), ("yes", True), ("1", True), ("False", False), ("n", False), ("0", False)],
)
def test_true_and_false_have_several_spellings(text: str, truth: bool) -> None:
    row = parse_row(ProductRow, PRODUCT | {"is_active": text}, BERLIN)
    assert isinstance(row, ProductRow)
    assert row.is_active is truth


def test_an_invalid_boolean_in_a_file_is_refused() -> None:
    assert refused(ProductRow, {"is_active": "VRAI"}) == (
        "is_active: must be true or false; yes and no, 1 and 0 are accepted, too (found 'VRAI')"
    )


def test_every_fault_of_a_row_is_named() -> None:
    assert refused(ProductRow, {"name": "", "price": "x"}) == (
        "name: is required; "
        "price: must be a decimal number like 19.99, without a sign (found 'x')"
    )


def test_a_long_value_is_quoted_partly() -> None:
    assert refused(ProductRow, {"sku": "?" * 99}).endswith(f"(found '{'?' * 39}…')")


def test_the_status_is_read_in_any_case() -> None:
    assert order(status="Cancelled").status == "cancelled"
    assert order().status == "delivered"
