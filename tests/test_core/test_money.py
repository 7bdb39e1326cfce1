"""Amounts of money between decimal strings and integers of the minor unit."""

from decimal import Decimal

import pytest

from app.core.money import MAX_PRICE_MINOR, currency_places, format_minor, to_minor


@pytest.mark.parametrize(
    ("currency", "places"),
    [("USD", 2), ("EUR", 2), ("JPY", 0), ("KRW", 0), ("XOF", 0), ("KWD", 3), ("TND", 3), ("CLF", 4)]
    + [("UYW", 4), ("ZZZ", 2)],
)
def test_a_currency_has_the_decimal_places_of_iso_4217(currency: str, places: int) -> None:
    assert currency_places(currency) == places


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("0", "USD", 0),
        ("-0", "USD", 0),
        ("0.01", "USD", 1),
        ("0.29", "USD", 29),
        ("1.15", "USD", 115),
        ("4.990", "USD", 499),
        ("1E+2", "USD", 10_000),
        ("9999999999.99", "USD", 999_999_999_999),
        ("500", "JPY", 500),
        ("500.00", "JPY", 500),
        ("999999999999", "JPY", 999_999_999_999),
        ("1.234", "KWD", 1234),
        ("0.0001", "CLF", 1),
    ],
)
def test_an_amount_is_counted_in_minor_units(amount: str, currency: str, minor: int) -> None:
    assert to_minor(Decimal(amount), currency) == minor


@pytest.mark.parametrize(
    ("amount", "currency", "reason"),
    [
        ("NaN", "USD", "must be a finite number"),
        ("-NaN", "USD", "must be a finite number"),
        ("sNaN", "USD", "must be a finite number"),
        ("Infinity", "USD", "must be a finite number"),
        ("-Infinity", "USD", "must be a finite number"),
        ("-0.01", "USD", "must not be negative"),
        ("-1E+400", "USD", "must not be negative"),
        ("0.001", "USD", r"must have at most 2 decimal places \(USD\)"),
        ("1E-400", "USD", r"must have at most 2 decimal places \(USD\)"),
        ("1E-999999", "USD", r"must have at most 2 decimal places \(USD\)"),
        ("0.5", "JPY", r"must have at most 0 decimal places \(JPY\)"),
        ("0.0001", "KWD", r"must have at most 3 decimal places \(KWD\)"),
        ("10000000000", "USD", "must be at most 9999999999.99"),
        ("9999999999.991", "USD", "must be at most 9999999999.99"),
        ("1E+400", "USD", "must be at most 9999999999.99"),
        ("1E+999999", "USD", "must be at most 9999999999.99"),
        ("1E+999999999999999999", "USD", "must be at most 9999999999.99"),
        ("1E-999999999999999999", "USD", r"must have at most 2 decimal places \(USD\)"),
        ("1000000000000", "JPY", "must be at most 999999999999"),
        ("1000000000", "KWD", "must be at most 999999999.999"),
    ],
)
def test_an_invalid_amount_is_refused(amount: str, currency: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        to_minor(Decimal(amount), currency)


def test_no_digit_is_rounded_away() -> None:
    # One digit more than the context's precision of 28 digits.
    with pytest.raises(ValueError, match="decimal places"):
        to_minor(Decimal("1.000000000000000000000000000001"), "USD")
    with pytest.raises(ValueError, match="must be at most"):
        to_minor(Decimal("9999999999.990000000000000000000000000001"), "USD")


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [
        (0, "USD", "0.00"),
        (1, "USD", "0.01"),
        (100, "USD", "1.00"),
        (999_999_999_999, "USD", "9999999999.99"),
        (500, "JPY", "500"),
        (1, "KWD", "0.001"),
        (12_345, "CLF", "1.2345"),
        (2**63 - 1, "USD", "92233720368547758.07"),
    ],
)
def test_an_amount_is_shown_with_the_decimal_places_of_its_currency(
    minor: int, currency: str, shown: str
) -> None:
    assert format_minor(minor, currency) == shown


@pytest.mark.parametrize("currency", ["USD", "JPY", "KWD", "CLF"])
@pytest.mark.parametrize("minor", [0, 1, 9, 10, 99, 100, 12_345, MAX_PRICE_MINOR])
def test_a_formatted_amount_is_parsed_to_the_same_amount(minor: int, currency: str) -> None:
    assert to_minor(Decimal(format_minor(minor, currency)), currency) == minor


def test_the_largest_order_fits_a_bigint() -> None:
    assert MAX_PRICE_MINOR * 1_000 * 100 < 2**63
