"""Amounts of money: integers of the minor unit inside the shop, decimal strings outside."""

from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal

# ISO 4217 (2024): the currencies whose minor unit is not a hundredth.
_PLACES = {
    **dict.fromkeys(
        (
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
        )
        + ("XAF", "XOF", "XPF"),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}

# The default context rounds to 28 digits.
_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)

MAX_PRICE_MINOR = 999_999_999_999
"""The highest price: 100 lines of 1,000 units at this price still fit a BIGINT."""


def currency_places(currency: str) -> int:
    """Return the number of decimal places of an ISO 4217 currency."""
    return _PLACES.get(currency, 2)


def to_minor(amount: Decimal, currency: str) -> int:
    """Return an amount in minor units.

    Raises:
        ValueError: the amount is not finite, negative, too large or has too many decimal places.
    """
    places = currency_places(currency)
    if not amount.is_finite():
        raise ValueError("must be a finite number")
    if amount.is_signed() and amount != 0:
        raise ValueError("must not be negative")
    # Compared before scaling, because the largest decimals cannot be scaled.
    if amount.adjusted() > 18 or amount.scaleb(places, _EXACT) > MAX_PRICE_MINOR:
        raise ValueError(f"must be at most {format_minor(MAX_PRICE_MINOR, currency)}")
    minor = amount.scaleb(places, _EXACT)
    if minor != minor.to_integral_value():
        raise ValueError(f"must have at most {places} decimal places ({currency})")
    return int(minor)


def format_minor(minor: int, currency: str) -> str:
    """Return an amount in minor units as a decimal string with the currency's decimal places."""
    places = currency_places(currency)
    return f"{Decimal(minor).scaleb(-places):.{places}f}"
