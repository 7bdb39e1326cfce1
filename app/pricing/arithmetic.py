"""Integer arithmetic of amounts: rounding, and spreading without a remainder."""

from collections.abc import Sequence

PPM = 1_000_000
"""Rates and percentages are in parts per million."""


def half_up(numerator: int, denominator: int) -> int:
    """Return a quotient that is not negative, rounded to the nearest integer, halves up."""
    return (2 * numerator + denominator) // (2 * denominator)


def rounded_share(amount: int, ppm: int) -> int:
    """Return a part of an amount in parts per million, rounded half up."""
    return half_up(amount * ppm, PPM)


def largest_remainder(total: int, numerators: Sequence[int], denominator: int) -> list[int]:
    """Return integers that sum to a total, each its exact fraction rounded down or up.

    Those with the largest remainders are rounded up, the first ones among equals. The total must be
    the sum of the fractions, rounded down or up.
    """
    parts = [each // denominator for each in numerators]
    places = range(len(parts))
    by_remainder = sorted(places, key=lambda place: -(numerators[place] % denominator))
    for place in by_remainder[: total - sum(parts)]:
        parts[place] += 1
    return parts


def spread(total: int, weights: Sequence[int]) -> list[int]:
    """Return shares of a total in proportion to weights, of which at least one is positive."""
    return largest_remainder(total, [total * weight for weight in weights], sum(weights))


def of_pieces(amount: int, quantity: int, first: int, last: int) -> int:
    """Return the part of a line's amount that belongs to its pieces from `first` to `last`.

    Pieces are counted from 1. The parts of a line always sum to its amount.
    """
    return amount * last // quantity - amount * (first - 1) // quantity
