"""The tax on the amounts of an order, or the tax that they include."""

from collections import defaultdict
from collections.abc import Sequence

from app.pricing.arithmetic import PPM, half_up, largest_remainder
from app.pricing.terms import QuotedTax, Rate, Rounding, Taxes

Amount = tuple[Rate, int]
"""A taxed amount; it includes the tax if prices do."""


def taxed(amounts: Sequence[Amount], taxes: Taxes) -> list[QuotedTax]:
    """Return the tax of each amount.

    If tax is rounded for each rate, the tax of all amounts with one rate is rounded once, and
    spread over them in proportion to their exact taxes.
    """
    if taxes.rounding is Rounding.PER_LINE:
        return [
            QuotedTax(rate, amount, half_up(*_exact(rate, amount, taxes)))
            for rate, amount in amounts
        ]
    groups: dict[Rate, list[int]] = defaultdict(list)
    for place, (rate, _) in enumerate(amounts):
        groups[rate].append(place)
    found = [0] * len(amounts)
    for places in groups.values():
        exact = [_exact(*amounts[place], taxes) for place in places]
        denominator = exact[0][1]
        numerators = [numerator for numerator, _ in exact]
        total = half_up(sum(numerators), denominator)
        shares = largest_remainder(total, numerators, denominator)
        for place, share in zip(places, shares, strict=True):
            found[place] = share
    return [
        QuotedTax(rate, amount, tax) for (rate, amount), tax in zip(amounts, found, strict=True)
    ]


def sums_by_rate(taxes: Sequence[QuotedTax]) -> tuple[QuotedTax, ...]:
    """Return the sums of taxes by rate and reason, the highest rate first."""
    bases: dict[Rate, int] = defaultdict(int)
    sums: dict[Rate, int] = defaultdict(int)
    for each in taxes:
        bases[each.rate] += each.base_minor
        sums[each.rate] += each.tax_minor
    rates = sorted(sums, key=lambda rate: (-rate.ppm, rate.reason))
    return tuple(QuotedTax(rate, bases[rate], sums[rate]) for rate in rates)


def _exact(rate: Rate, amount: int, taxes: Taxes) -> tuple[int, int]:
    """Return the exact tax of an amount as a fraction."""
    return amount * rate.ppm, PPM + rate.ppm if taxes.prices_include_tax else PPM
