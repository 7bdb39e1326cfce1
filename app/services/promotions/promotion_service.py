"""The promotions of carts, and their uses by orders."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from msgspec import Struct

from app.core.clock import Clock
from app.errors import CodeDoesNotApply
from app.pricing.terms import Promotion, Refusal
from app.repositories.promotions.redemption_repository import History, RedemptionRepository
from app.services.promotions.promotion_book import PromotionBook, Uses
from app.tables.promotions import code_key


class Taken(Protocol):
    """The discount of a promotion on a line or on shipping."""

    @property
    def promotion_id(self) -> UUID | None:
        """The promotion; None for a discount that staff gave, which is not counted."""

    @property
    def amount_minor(self) -> int:
        """The amount of the discount."""


class Redeeming(Struct, frozen=True):
    """An order that uses promotions."""

    order_id: UUID
    adjustments: Sequence[Taken]
    promotions: Sequence[Promotion]
    """The promotions that the order was offered."""
    customer_key: str

    @property
    def amounts(self) -> dict[UUID, int]:
        """The discounts of the promotions."""
        amounts: dict[UUID, int] = defaultdict(int)
        for each in self.adjustments:
            if each.promotion_id is not None:
                amounts[each.promotion_id] += each.amount_minor
        return amounts

    @property
    def applied(self) -> list[Promotion]:
        """The promotions with a discount on the order, by their ids."""
        amounts = self.amounts
        applied = (each for each in self.promotions if each.id in amounts)
        return sorted(applied, key=lambda each: each.id)


class PromotionService:
    """Returns the promotions of carts, and counts their uses in the transactions of orders.

    A customer is known by the id of a user, or by the key of a guest's e-mail address.
    """

    def __init__(self, redemptions: RedemptionRepository, clock: Clock) -> None:
        self._redemptions = redemptions
        self._clock = clock

    async def book(
        self, codes: Iterable[str], customer_keys: Collection[str], now: datetime
    ) -> PromotionBook:
        """Return the automatic promotions of a moment and those of codes, for several carts."""
        keys = list(dict.fromkeys(map(code_key, codes)))
        rows = await self._redemptions.offered(keys, now)
        history = await self._history(customer_keys, [row for row, _ in rows])
        return PromotionBook(list(rows), Uses(history))

    async def _history(
        self,
        customer_keys: Collection[str],
        rows: Iterable[Any],
        order_ids: Collection[UUID] = (),
    ) -> History:
        """Return the history that limits of promotions need, without some orders."""
        asked = {row.id for row in rows if row.per_customer_limit or row.first_order_only}
        if not customer_keys or not asked:
            return History()
        return await self._redemptions.history(customer_keys, asked, order_ids)

    async def lock(self, promotions: Iterable[Promotion]) -> None:
        """Lock promotions and their coupons for all orders of a transaction.

        Without these locks, two transactions of several orders could wait for each other.
        """
        chosen = list(promotions)
        await self._redemptions.lock({each.id for each in chosen}, _keys(chosen))

    async def redeem(self, orders: Sequence[Redeeming], placed: Collection[UUID] = ()) -> None:
        """Count the promotions with discounts on orders as used by them.

        `placed` are the other orders of the transaction, which do not count as earlier ones.

        Raises:
            CodeDoesNotApply: a promotion can no longer be used.
        """
        applied = [(order, promotion) for order in orders for promotion in order.applied]
        if not applied:
            return
        chosen = [promotion for _, promotion in applied]
        rows, coupons = await self._redemptions.lock({each.id for each in chosen}, _keys(chosen))
        ids = {*placed, *(order.order_id for order in orders)}
        keys = {order.customer_key for order, _ in applied}
        uses = Uses(await self._history(keys, rows.values(), ids))
        for order, promotion in applied:
            row, coupon = rows.get(promotion.id), _coupon_of(promotion, coupons)
            _require(promotion, row, coupon, uses, order.customer_key)
            uses.add(order.customer_key, promotion.id, None if coupon is None else coupon.id)
        await self._count(chosen, coupons)
        await self._redemptions.add(_rows_of(applied, coupons, self._clock.now()))

    async def _count(self, applied: Sequence[Promotion], coupons: Mapping[str, Any]) -> None:
        used_by = [(each, _coupon_of(each, coupons)) for each in applied]
        counted, coupons_counted = await self._redemptions.count_uses(
            Counter(each.id for each in applied),
            Counter(coupon.id for _, coupon in used_by if coupon is not None),
        )
        for each, coupon in used_by:
            if each.id not in counted or (coupon is not None and coupon.id not in coupons_counted):
                raise _refused(each, Refusal.USED_UP)

    async def give_back(self, order_id: UUID) -> None:
        """Undo the uses of promotions by an order; a repetition changes nothing."""
        await self._redemptions.undo(order_id, self._clock.now())


def _keys(promotions: Iterable[Promotion]) -> set[str]:
    return {code_key(each.code) for each in promotions if each.code is not None}


def _coupon_of(promotion: Promotion, coupons: Mapping[str, Any]) -> Any:
    return None if promotion.code is None else coupons.get(code_key(promotion.code))


def _rows_of(
    applied: Iterable[tuple[Redeeming, Promotion]], coupons: Mapping[str, Any], now: datetime
) -> list[dict[str, Any]]:
    return [
        {
            "order_id": order.order_id,
            "promotion_id": promotion.id,
            "coupon_id": None if coupon is None else coupon.id,
            "customer_key": order.customer_key,
            "amount_minor": order.amounts[promotion.id],
            "created_at": now,
            "undone_at": None,
        }
        for order, promotion in applied
        for coupon in (_coupon_of(promotion, coupons),)
    ]


def _require(promotion: Promotion, row: Any, coupon: Any, uses: Uses, customer_key: str) -> None:
    """Require that a locked promotion can be used.

    Raises:
        CodeDoesNotApply: the promotion cannot be used.
    """
    is_gone = row is None or (promotion.code is not None and coupon is None)
    refusal = Refusal.INACTIVE if is_gone else uses.refusal_of(row, coupon, customer_key)
    if refusal is not None:
        raise _refused(promotion, refusal)


def _refused(promotion: Promotion, refusal: Refusal) -> CodeDoesNotApply:
    name = promotion.label if promotion.code is None else promotion.code
    its = {} if promotion.code is None else {"promotion_code": promotion.code}
    return CodeDoesNotApply(
        f"{name} does not apply: {refusal}", reason=refusal, promotion_id=str(promotion.id), **its
    )
