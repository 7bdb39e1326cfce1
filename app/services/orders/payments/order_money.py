"""The sums that were paid for an order, are still owed, and must be refunded."""

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct

from app.core.clock import Clock
from app.core.ids import new_id
from app.core.order_statuses import CREDIT_NOTE, INVOICE
from app.mails.order_mail import RefundReason
from app.models import (
    Attention,
    Order,
    OrderStatus,
    Payment,
    PaymentStatus,
    Refund,
    RefundStatus,
)
from app.repositories.payments.payment_repository import PaymentRepository, RefundRepository
from app.services.orders.payments.payment_news import PaymentNews
from app.services.system.errand_service import ErrandService

MANUAL = "manual"
"""The provider of payments that staff records."""
LOOK, VOID, CAPTURE, REFUND = "payment", "payment_void", "payment_capture", "refund"
"""The kinds of the errands that ask providers."""
SHOP = "shop"
"""The name of the shop as the actor of refunds that it makes by itself."""
_LEFT_OVER = {
    (True, True): (Attention.LATE, RefundReason.LATE.value),
    (True, False): (None, RefundReason.CANCELLED.value),
    (False, True): (Attention.DUPLICATE, RefundReason.DUPLICATE.value),
    (False, False): (None, RefundReason.PART_CANCELLED.value),
}
"""The attention and the reason of a refund, by whether the order is cancelled and money arrived."""


class Sums(Struct, frozen=True):
    """The sums over the payments of an order."""

    owed_minor: int
    captured_minor: int
    """The captured sum, without payments of other amounts than requested."""
    secured_minor: int
    """The sum that is captured, or authorised and can be captured."""
    given_back_minor: int
    """The sum of all refunds, including requested ones."""

    @property
    def excess_minor(self) -> int:
        """The captured sum that is not owed, and for which no refund was requested."""
        return max(self.captured_minor - self.given_back_minor - self.owed_minor, 0)

    @property
    def open_minor(self) -> int:
        """The sum that is left to be paid; 0 or negative if nothing is left."""
        return self.owed_minor - (self.secured_minor - self.given_back_minor)

    @property
    def is_covered(self) -> bool:
        """Whether nothing is left to be paid."""
        return self.open_minor <= 0


def sums_of(order: Order, payments: Sequence[Payment], refunds: Sequence[Refund]) -> Sums:
    """Return the sums over the payments of an order."""
    is_cancelled = order.status is OrderStatus.CANCELLED
    good = {each.id: each for each in payments if each.attention is not Attention.MISMATCH}
    captured = sum(each.captured_minor for each in good.values())
    authorised = sum(
        each.amount_minor for each in good.values() if each.status is PaymentStatus.AUTHORISED
    )
    return Sums(
        owed_minor=0 if is_cancelled else order.total_minor - order.cancelled_minor,
        captured_minor=captured,
        secured_minor=captured + authorised,
        given_back_minor=sum(each.amount_minor for each in refunds if each.payment_id in good),
    )


class OrderMoney:
    """Keeps the sums of orders, and requests refunds of excess payments."""

    def __init__(
        self,
        payments: PaymentRepository,
        refunds: RefundRepository,
        errands: ErrandService,
        news: PaymentNews,
        clock: Clock,
        captures_by_itself: bool,
        invoiced_on: OrderStatus,
    ) -> None:
        self._payments = payments
        self._refunds = refunds
        self._errands = errands
        self._news = news
        self._clock = clock
        self._captures_by_itself = captures_by_itself
        self._invoiced_on = invoiced_on

    async def settle(self, order: Order, came_in: Payment | None = None) -> bool:
        """Write the sums of a locked order; return whether it has become fully paid.

        Money that was captured beyond the owed sum is refunded; payments that are no longer needed
        are ended. `came_in` is the payment whose change is the reason.
        """
        payments = await self._payments.of_order(order.id)
        if not payments:
            return False
        refunds = await self._refunds.of_order(order.id)
        sums = sums_of(order, payments, refunds)
        order.paid_minor = sum(each.captured_minor for each in payments)
        order.refunded_minor = sum(each.refunded_minor for each in payments)
        if sums.excess_minor:
            await self._give_back(order, payments, refunds, sums.excess_minor, came_in)
        if sums.is_covered:
            await self._end_others(order, payments, sums)
        is_pending = order.status is OrderStatus.PENDING
        return is_pending and sums.is_covered and sums.secured_minor > 0

    async def _end_others(self, order: Order, payments: Sequence[Payment], sums: Sums) -> None:
        is_cancelled = order.status is OrderStatus.CANCELLED
        for each in payments:
            if not each.is_open:
                continue
            is_needed = each.status is PaymentStatus.AUTHORISED and not is_cancelled
            if not (is_needed and sums.captured_minor < sums.owed_minor):
                await self._errands.put(VOID, each.id)

    async def _give_back(
        self,
        order: Order,
        payments: Sequence[Payment],
        refunds: Sequence[Refund],
        excess_minor: int,
        came_in: Payment | None,
    ) -> None:
        is_cancelled = order.status is OrderStatus.CANCELLED
        attention, reason = _LEFT_OVER[is_cancelled, came_in is not None]
        # The last payment comes first, because it was the excess one.
        for each in reversed(payments):
            promised = sum(row.amount_minor for row in refunds if row.payment_id == each.id)
            amount = min(each.captured_minor - promised, excess_minor)
            if amount <= 0 or each.attention is Attention.MISMATCH:
                continue
            excess_minor -= amount
            await self.ask_refund(each, amount, reason, SHOP, attention=attention)

    async def ask_refund(
        self,
        payment: Payment,
        amount_minor: int,
        reason: str,
        actor: str,
        request_key: str | None = None,
        attention: Attention | None = None,
    ) -> Refund:
        """Store a refund of a locked payment; the provider is asked after the commit."""
        refund = self._refund(payment, amount_minor, reason, actor)
        refund.request_key = request_key
        if payment.provider == MANUAL:
            # Staff returns the money itself, and records the refund.
            attention = Attention.REFUND_BY_HAND
        else:
            await self._errands.put(REFUND, refund.id)
        payment.touch(refund.created_at)
        await self._refunds.add(refund)
        await self._news.need_person(payment, attention)
        return refund

    async def note_refund(self, order: Order, payment: Payment, amount_minor: int) -> None:
        """Store a refund that was made at the provider without the shop."""
        reason = RefundReason.ELSEWHERE.value
        refund = self._refund(payment, amount_minor, reason, payment.provider)
        payment.touch(refund.created_at)
        await self._refunds.add(refund)
        await self.note_made(order, payment, refund)
        await self._news.need_person(payment, payment.attention or Attention.REFUNDED_ELSEWHERE)

    async def note_made(self, order: Order, payment: Payment, refund: Refund) -> None:
        """Record that a refund has succeeded, which corrects the invoice."""
        refund.status = RefundStatus.SUCCEEDED
        payment.refunded_minor += refund.amount_minor
        await self._errands.put(CREDIT_NOTE, refund.id)
        await self._news.refund_made(order, refund)

    async def note_failed(self, payment: Payment, refund: Refund) -> None:
        """Record that a refund has failed, perhaps after it had succeeded."""
        # The bank of the customer may reject money that had been returned.
        if refund.status is RefundStatus.SUCCEEDED:
            payment.refunded_minor -= refund.amount_minor
        refund.status = RefundStatus.FAILED
        await self._news.refund_failed(refund)
        await self._news.need_person(payment, Attention.REFUND_FAILED)

    def _refund(self, payment: Payment, amount_minor: int, reason: str, actor: str) -> Refund:
        now = self._clock.now()
        return Refund(
            id=new_id(now),
            payment_id=payment.id,
            order_id=payment.order_id,
            status=RefundStatus.ASKED,
            currency=payment.currency,
            amount_minor=amount_minor,
            reason=reason,
            actor=actor,
            created_at=now,
            updated_at=now,
        )

    async def record_manual(
        self, order: Order, amount_minor: int, actor: str, note: str | None = None
    ) -> Payment:
        """Store money that arrived without a provider, for a locked order."""
        now = self._clock.now()
        payment = await self._payments.add(
            Payment(
                id=new_id(now),
                order_id=order.id,
                provider=MANUAL,
                status=PaymentStatus.CAPTURED,
                currency=order.currency,
                amount_minor=amount_minor,
                captured_minor=amount_minor,
                note=note,
                created_at=now,
                updated_at=now,
            )
        )
        await self._payments.add_step(payment, actor)
        await self._news.payment_changed(payment, None)
        return payment

    async def record_rest(self, order: Order, actor: str) -> None:
        """Store a payment of the open sum of an order that staff has marked as paid."""
        payments = await self._payments.of_order(order.id)
        sums = sums_of(order, payments, await self._refunds.of_order(order.id))
        if not sums.is_covered:
            await self.record_manual(order, sums.open_minor, actor)
        await self.settle(order)

    async def has_open(self, order_id: UUID) -> bool:
        """Return whether a provider may still take money for an order."""
        return any(each.is_open for each in await self._payments.of_order(order_id))

    async def ask_invoice(self, order: Order) -> None:
        """Request the invoice of an order after the commit, if it is due now.

        An order without a cart, a draft and payments is invoiced elsewhere.
        """
        if order.status is not self._invoiced_on:
            return
        if order.email is not None or await self._payments.shown_of_order(order.id):
            await self._errands.put(INVOICE, order.id)

    async def capture_authorised(self, order: Order) -> None:
        """Request the capture of the authorised payments of a shipped order, after the commit."""
        if self._captures_by_itself:
            return
        for each in await self._payments.of_order(order.id):
            if each.status is PaymentStatus.AUTHORISED:
                await self._errands.put(CAPTURE, each.id)
