"""The amounts of invoices by rate, and how a refund is spread over them."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec import Struct

from app.pricing.arithmetic import half_up, of_pieces, spread


class Group(NamedTuple):
    """A tax rate with the reason for it; both are None in an order without tax."""

    rate_ppm: int | None
    reason: str | None


class Part(NamedTuple):
    """An amount without tax, and the tax."""

    net_minor: int
    tax_minor: int

    @property
    def total_minor(self) -> int:
        """The amount with its tax."""
        return self.net_minor + self.tax_minor

    def less(self, other: "Part") -> "Part":
        """Return the rest of the amount after a part is subtracted."""
        return Part(self.net_minor - other.net_minor, self.tax_minor - other.tax_minor)


class Pieces(Struct, frozen=True):
    """A line of an order, whose first pieces were cancelled."""

    unit_price_minor: int
    quantity: int
    cancelled_quantity: int
    discount_minor: int
    tax_minor: int
    prices_include_tax: bool

    @property
    def whole(self) -> Part:
        """The amount of all pieces."""
        amount = self.unit_price_minor * self.quantity - self.discount_minor
        net = amount - self.tax_minor if self.prices_include_tax else amount
        return Part(net, self.tax_minor)

    @property
    def left(self) -> Part:
        """The amount of the pieces that are not cancelled."""
        first, last = self.cancelled_quantity + 1, self.quantity
        total = of_pieces(self.whole.total_minor, last, first, last)
        tax = of_pieces(self.tax_minor, last, first, last)
        return Part(total - tax, tax)

    @property
    def left_discount_minor(self) -> int:
        """The discount on the pieces that are not cancelled."""
        amount = self.left.total_minor if self.prices_include_tax else self.left.net_minor
        return self.unit_price_minor * (self.quantity - self.cancelled_quantity) - amount


def summed(parts: Iterable[Part]) -> Part:
    """Return the sum of amounts."""
    listed = list(parts)
    return Part(sum(each.net_minor for each in listed), sum(each.tax_minor for each in listed))


def credited(amount_minor: int, left: Sequence[Part]) -> list[Part]:
    """Divide a refund over the amounts left at the rates, whose sum is at least the refund.

    When everything is refunded, in any number of refunds, nothing is left at any rate.
    """
    weights = [each.total_minor for each in left]
    shares = spread(amount_minor, weights) if any(weights) else [0] * len(left)
    taxes = [
        half_up(share * each.tax_minor, weight) if weight else 0
        for share, each, weight in zip(shares, left, weights, strict=True)
    ]
    return [Part(share - tax, tax) for share, tax in zip(shares, taxes, strict=True)]
