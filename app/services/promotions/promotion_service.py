"""The promotions of a cart, and their uses by orders."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from app.core.clock import Clock
from app.core.countries import Place
from app.errors import CodeDoesNotApply
from app.pricing.terms import Conditions, Promotion, Refusal
from app.repositories.promotions.redemption_repository import History, RedemptionRepository
from app.tables.promotions import code_key


class Taken(Protocol):
    """What a promotion takes off a line or shipping."""

    @property
    def promotion_id(self) -> UUID | None:
        """The promotion; None for a discount that staff gave, which nothing counts."""

    @property
    def amount_minor(self) -> int:
        """What it takes off."""


class PromotionService:
    """Returns the promotions of carts, and counts their uses in the transactions of orders.

    A customer is known by the id of a user, or by the key of a guest's e-mail address.
    """

    def __init__(self, redemptions: RedemptionRepository, clock: Clock) -> None:
        self._redemptions = redemptions
        self._clock = clock

    async def offered(
        self,
        codes: Collection[str],
        currency: str,
        customer_key: str | None,
        place: Place | None,
        now: datetime,
    ) -> tuple[tuple[Promotion, ...], tuple[str, ...]]:
        """Return the automatic promotions and those of codes, and the codes that no coupon has.

        What is not known of the customer or the place of delivery refuses nothing. Of several
        codes of one promotion, the first one counts that can be used.
        """
        keys = list(dict.fromkeys(map(code_key, codes)))
        rows = list(await self._redemptions.offered(keys, now))
        rows.sort(key=lambda each: -1 if each[1] is None else keys.index(each[1].code_key))
        history = await self._history(customer_key, [row for row, _ in rows])
        found: dict[UUID, Promotion] = {}
        for row, coupon in rows:
            refusal = _refusal(row, coupon, history) or _unfit(row, currency, place)
            if row.id not in found or (found[row.id].refusal and not refusal):
                found[row.id] = _terms(row, coupon, currency, refusal)
        known = {coupon.code_key for _, coupon in rows if coupon is not None}
        return tuple(found.values()), tuple(each for each in codes if code_key(each) not in known)

    async def _history(
        self, customer_key: str | None, rows: Collection[Any], order_id: UUID | None = None
    ) -> History:
        """Return what limits of promotions ask of a customer."""
        asked = {row.id for row in rows if row.per_customer_limit or row.first_order_only}
        if customer_key is None or not asked:
            return History()
        return await self._redemptions.history(customer_key, asked, order_id)

    async def lock(self, promotions: Iterable[Promotion]) -> None:
        """Lock promotions and their coupons for all orders of a transaction.

        Without it, a transaction of several orders could wait for another one that waits for it.
        """
        chosen = list(promotions)
        await self._redemptions.lock({each.id for each in chosen}, _keys(chosen))

    async def redeem(
        self,
        order_id: UUID,
        adjustments: Iterable[Taken],
        promotions: Iterable[Promotion],
        customer_key: str,
    ) -> None:
        """Count the promotions that take something off an order as used by it.

        Raises:
            CodeDoesNotApply: one of them cannot be used any more.
        """
        amounts: dict[UUID, int] = defaultdict(int)
        for each in adjustments:
            if each.promotion_id is not None:
                amounts[each.promotion_id] += each.amount_minor
        applied = sorted((each for each in promotions if each.id in amounts), key=lambda it: it.id)
        if not applied:
            return
        rows, coupons = await self._redemptions.lock(amounts.keys(), _keys(applied))
        history = await self._history(customer_key, rows.values(), order_id)
        used_by = {each.id: _coupon_of(each, coupons) for each in applied}
        for promotion in applied:
            _require(promotion, rows.get(promotion.id), used_by[promotion.id], history)
        await self._count(applied, used_by)
        now = self._clock.now()
        await self._redemptions.add(
            [
                {
                    "order_id": order_id,
                    "promotion_id": promotion_id,
                    "coupon_id": None if coupon is None else coupon.id,
                    "customer_key": customer_key,
                    "amount_minor": amounts[promotion_id],
                    "created_at": now,
                    "undone_at": None,
                }
                for promotion_id, coupon in used_by.items()
            ]
        )

    async def _count(self, applied: Iterable[Promotion], used_by: Mapping[UUID, Any]) -> None:
        coupon_ids = {each.id for each in used_by.values() if each is not None}
        promotions, coupons = await self._redemptions.count_uses(used_by.keys(), coupon_ids)
        for each in applied:
            coupon = used_by[each.id]
            if each.id not in promotions or (coupon is not None and coupon.id not in coupons):
                raise _refused(each, Refusal.USED_UP)

    async def give_back(self, order_id: UUID) -> None:
        """Give back what an order used of promotions; done again, it changes nothing."""
        await self._redemptions.undo(order_id, self._clock.now())


def _keys(promotions: Iterable[Promotion]) -> set[str]:
    return {code_key(each.code) for each in promotions if each.code is not None}


def _coupon_of(promotion: Promotion, coupons: Mapping[str, Any]) -> Any:
    return None if promotion.code is None else coupons.get(code_key(promotion.code))


def _require(promotion: Promotion, row: Any, coupon: Any, history: History) -> None:
    """Require that a locked promotion can be used.

    Raises:
        CodeDoesNotApply: it cannot.
    """
    is_gone = row is None or (promotion.code is not None and coupon is None)
    refusal = Refusal.INACTIVE if is_gone else _refusal(row, coupon, history)
    if refusal is not None:
        raise _refused(promotion, refusal)


def _refused(promotion: Promotion, refusal: Refusal) -> CodeDoesNotApply:
    name = promotion.label if promotion.code is None else promotion.code
    its = {} if promotion.code is None else {"promotion_code": promotion.code}
    return CodeDoesNotApply(
        f"{name} does not apply: {refusal}", reason=refusal, promotion_id=str(promotion.id), **its
    )


def _refusal(row: Any, coupon: Any, history: History) -> Refusal | None:
    """Return why a customer cannot use a promotion, by what changes with each order."""
    if not row.is_active or (coupon is not None and not coupon.is_active):
        return Refusal.INACTIVE
    if any(_is_used_up(each) for each in (row, coupon) if each is not None):
        return Refusal.USED_UP
    limit = row.per_customer_limit
    if limit is not None and history.uses.get(row.id, 0) >= limit:
        return Refusal.ALREADY_USED
    if row.first_order_only and history.has_orders:
        return Refusal.NOT_FIRST_ORDER
    return None


def _is_used_up(row: Any) -> bool:
    return row.usage_limit is not None and row.used >= row.usage_limit


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
