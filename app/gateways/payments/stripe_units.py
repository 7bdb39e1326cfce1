"""Amounts in Stripe's units, which are not always those of ISO 4217."""

from msgspec import Struct

from app.core.money import currency_places
from app.gateways.payments.provider import ProviderRefusal


class Unit(Struct, frozen=True):
    """The unit in which Stripe writes the amounts of a currency."""

    scale: int
    """The number of these units in a major unit of the currency."""
    step: int = 1
    """Amounts must be multiples of this number."""


UNITS = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV")
        + ("XAF", "XOF", "XPF"),
        Unit(1),
    ),
    # These have no minor unit, but are written with two decimal places, which are zero.
    **dict.fromkeys(("ISK", "UGX"), Unit(100, step=100)),
    **dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), Unit(1_000, step=10)),
}
"""docs.stripe.com/currencies: zero-decimal and three-decimal currencies, and special cases."""
_USUAL = Unit(100)


def to_stripe(amount_minor: int, currency: str) -> int:
    """Return an amount in minor units of ISO 4217 in Stripe's units.

    Raises:
        ProviderRefusal: Stripe does not support this precision.
    """
    unit = UNITS.get(currency, _USUAL)
    amount, rest = divmod(amount_minor * unit.scale, _minor_units(currency))
    if rest or amount % unit.step:
        raise ProviderRefusal(
            "amount_too_exact", f"Stripe does not take such exact amounts in {currency}"
        )
    return amount


def from_stripe(amount: int, currency: str) -> int:
    """Return an amount in Stripe's units in minor units of ISO 4217."""
    unit = UNITS.get(currency, _USUAL)
    return amount * _minor_units(currency) // unit.scale


def _minor_units(currency: str) -> int:
    units: int = 10 ** currency_places(currency)
    return units
