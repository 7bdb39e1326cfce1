"""Stripe's units of the currencies that do not have two decimals."""

import pytest

from app.gateways.payments.provider import ProviderRefusal
from app.gateways.payments.stripe_units import UNITS, from_stripe, to_stripe

ROWS = {
    "USD": (1_999, 1_999),
    "EUR": (1_999, 1_999),
    "HUF": (123_450, 123_450),
    "TWD": (10_000, 10_000),
    "BIF": (500, 500),
    "CLP": (500, 500),
    "DJF": (500, 500),
    "GNF": (500, 500),
    "JPY": (500, 500),
    "KMF": (500, 500),
    "KRW": (500, 500),
    "MGA": (50_000, 500),
    "PYG": (500, 500),
    "RWF": (500, 500),
    "VND": (500, 500),
    "VUV": (500, 500),
    "XAF": (500, 500),
    "XOF": (500, 500),
    "XPF": (500, 500),
    "ISK": (5, 500),
    "UGX": (5, 500),
    "BHD": (5_120, 5_120),
    "JOD": (5_120, 5_120),
    "KWD": (5_120, 5_120),
    "OMR": (5_120, 5_120),
    "TND": (5_120, 5_120),
}
"""An amount in the minor units of ISO 4217, and in those of Stripe."""


@pytest.mark.parametrize(("currency", "amounts"), ROWS.items())
def test_an_amount_is_converted_to_the_units_of_stripe_and_back(
    currency: str, amounts: tuple[int, int]
) -> None:
    ours, theirs = amounts
    assert (to_stripe(ours, currency), from_stripe(theirs, currency)) == (theirs, ours)


def test_each_row_of_the_table_has_a_test() -> None:
    assert UNITS.keys() <= ROWS.keys()


@pytest.mark.parametrize(
    ("amount_minor", "currency"),
    [(50_001, "MGA"), (5_125, "BHD"), (5_125, "JOD"), (5_125, "KWD"), (5_125, "OMR"), (1, "TND")],
)
def test_an_amount_that_stripe_cannot_express_is_refused_instead_of_rounded(
    amount_minor: int, currency: str
) -> None:
    with pytest.raises(ProviderRefusal) as refused:
        to_stripe(amount_minor, currency)
    assert refused.value.code == "amount_too_exact"
