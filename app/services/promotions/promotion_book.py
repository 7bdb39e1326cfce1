"""Promotions at a moment, and their uses by successive orders."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.core.countries import Place
from app.pricing.terms import Conditions, Promotion, Refusal
from app.repositories.promotions.redemption_repository import History
from app.tables.promotions import code_key

Offered = tuple[tuple[Promotion, ...], tuple[str, ...]]
"""Promotions, and the codes that no coupon has."""


@dataclass(slots=True)
class Uses:
    """The uses of promotions before a transaction, and by its orders so far."""

    before: History = field(default_factory=History)
    _by_orders: Counter[UUID] = field(default_factory=Counter)
    """The uses by the ids of promotions and coupons."""
    _by_customers: Counter[tuple[str, UUID]] = field(default_factory=Counter)
    _customers: set[str] = field(default_factory=set)

    def add(self, customer_key: str, promotion_id: UUID, coupon_id: UUID | None) -> None:
        """Count a use by an order."""
        self._by_orders.update([promotion_id] if coupon_id is None else [promotion_id, coupon_id])
        self._by_customers[customer_key, promotion_id] += 1

    def note_order(self, customer_keys: Iterable[str]) -> None:
        """Record that a customer with these keys has ordered."""
        self._customers.update(customer_keys)

    def refusal_of(self, row: Any, coupon: Any, customer_key: str | None) -> Refusal | None:
        """Return why a customer cannot use a promotion, by the limits that each order changes."""
        if not row.is_active or (coupon is not None and not coupon.is_active):
            return Refusal.INACTIVE
        if any(self._is_used_up(each) for each in (row, coupon) if each is not None):
            return Refusal.USED_UP
        if customer_key is None:
            return None
        limit, use = row.per_customer_limit, (customer_key, row.id)
        if limit is not None and self.before.uses.get(use, 0) + self._by_customers[use] >= limit:
            return Refusal.ALREADY_USED
        if row.first_order_only and customer_key in self.before.customers | self._customers:
            return Refusal.NOT_FIRST_ORDER
        return None

    def _is_used_up(self, row: Any) -> bool:
        limit = row.usage_limit
        return limit is not None and row.used + self._by_orders[row.id] >= limit


class PromotionBook:
    """Promotions and coupons at a moment, for several carts."""

    def __init__(self, rows: Sequence[tuple[Any, Any]], uses: Uses) -> None:
        self._rows = rows
        self._uses = uses

    def offered(
        self,
        codes: Collection[str],
        currency: str,
        customer_key: str | None,
        place: Place | None,
    ) -> Offered:
        """Return the automatic promotions and those of codes, and the codes that no coupon has.

        An unknown customer or place of delivery refuses nothing. Of several codes of one promotion,
        the first usable one counts.
        """
        places = {each: place for place, each in enumerate(dict.fromkeys(map(code_key, codes)))}
        rows = [each for each in self._rows if each[1] is None or each[1].code_key in places]
        rows.sort(key=lambda each: -1 if each[1] is None else places[each[1].code_key])
        found: dict[UUID, Promotion] = {}
        for row, coupon in rows:
            refusal = self._uses.refusal_of(row, coupon, customer_key)
            refusal = refusal or _unfit(row, currency, place)
            if row.id not in found or (found[row.id].refusal and not refusal):
                found[row.id] = _terms(row, coupon, currency, refusal)
        known = {coupon.code_key for _, coupon in rows if coupon is not None}
        return tuple(found.values()), tuple(each for each in codes if code_key(each) not in known)

    def note_order(
        self, used: Iterable[Promotion], customer_key: str, customer_keys: Iterable[str]
    ) -> None:
        """Record an order, so that its uses are not offered to later ones."""
        coupons = {each.code_key: each.id for _, each in self._rows if each is not None}
        for each in used:
            coupon_id = None if each.code is None else coupons[code_key(each.code)]
            self._uses.add(customer_key, each.id, coupon_id)
        self._uses.note_order(customer_keys)


def _unfit(row: Any, currency: str, place: Place | None) -> Refusal | None:
    """Return why a promotion is not for a place or a currency."""
    if place is not None and row.countries and place.country not in row.countries:
        return Refusal.NOT_IN_COUNTRY
    if row.min_subtotals and currency not in row.min_subtotals:
        return Refusal.NOT_IN_CURRENCY
    return None


def _terms(row: Any, coupon: Any, currency: str, refusal: Refusal | None) -> Promotion:
    return Promotion(
        id=row.id,
        label=row.label,
        effect=row.effect,
        code=None if coupon is None else coupon.code,
        percent_ppm=row.percent_ppm or 0,
        amount_minor=row.amounts.get(currency),
        buys=row.buys or 0,
        gets=row.gets or 0,
        conditions=Conditions(
            category_ids=frozenset(map(UUID, row.category_ids)),
            product_ids=frozenset(map(UUID, row.product_ids)),
            min_subtotal_minor=row.min_subtotals.get(currency, 0),
            min_quantity=row.min_quantity or 0,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
        ),
        combines=row.combines,
        priority=row.priority,
        refusal=refusal,
    )
