"""Refunds of an invoice, in any division, add up to the invoice for each rate."""

from collections.abc import Iterator

import pytest

from app.pricing.invoicing import Part, Pieces, credited, summed

WHOLE = [Part(5, 1), Part(3, 0), Part(2, 1)]


def partitions(total: int) -> Iterator[list[int]]:
    """Return all sequences of positive numbers with a sum."""
    if total == 0:
        yield []
    for first in range(1, total + 1):
        for rest in partitions(total - first):
            yield [first, *rest]


def test_every_division_of_a_refund_adds_up_to_the_whole() -> None:
    for amounts in partitions(summed(WHOLE).total_minor):
        left = WHOLE
        for amount in amounts:
            parts = credited(amount, left)
            assert sum(each.total_minor for each in parts) == amount
            left = [have.less(part) for have, part in zip(left, parts, strict=True)]
            assert all(each.net_minor >= 0 and each.tax_minor >= 0 for each in left), amounts
        assert left == [Part(0, 0)] * 3


@pytest.mark.parametrize("prices_include_tax", [True, False])
def test_the_units_left_and_the_cancelled_units_add_up_to_the_line(
    prices_include_tax: bool,
) -> None:
    for cancelled in range(8):
        pieces = Pieces(333, 7, cancelled, 100, 355, prices_include_tax)
        left = pieces.left
        shown = left.total_minor if prices_include_tax else left.net_minor
        assert 333 * (7 - cancelled) - pieces.left_discount_minor == shown
        assert 0 <= left.net_minor <= pieces.whole.net_minor
    assert Pieces(333, 7, 0, 100, 355, prices_include_tax).left.tax_minor == 355
    assert Pieces(333, 7, 7, 100, 355, prices_include_tax).left == Part(0, 0)
