"""The payments of orders inside a transaction: they are begun, recorded and updated."""

from collections.abc import Collection
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from app.core.clock import Clock
from app.core.ids import new_id
from app.core.money import format_minor, to_minor
from app.errors import (
    AmountTooLarge,
    IdempotencyKeyReused,
    IllegalTransition,
    InvalidInput,
    NothingToPay,
    RefundNotManual,
)
from app.gateways.payments.provider import PaymentState, RefundState
from app.models import Order, OrderStatus, Payment, PaymentStatus, Refund, RefundStatus
from app.repositories.orders.order_repository import OrderRepository
from app.repositories.payments.payment_repository import PaymentRepository, RefundRepository
from app.schemas.payments.payment_schema import PaymentCreate, PaymentRecord, RefundCreate
from app.security.principal import name_of_user
from app.services.carts.cart_access import Visitor
from app.services.orders.checkouts import Checkouts
from app.services.orders.order_moves import OrderMoves
from app.services.orders.payments.order_money import (
    LOOK,
    MANUAL,
    REFUND,
    OrderMoney,
    Sums,
    sums_of,
)
from app.services.orders.payments.payment_attention import is_settled
from app.services.orders.payments.payment_news import Before, PaymentNews
from app.services.orders.payments.payment_states import (
    AFTER_SILENCE,
    apply_state,
    next_look,
    not_capturable,
)
from app.services.orders.placement import GUEST
from app.services.system.errand_service import ErrandService

# A customer who tries again and again can reserve the goods for an hour at most.
_LONGEST_HOLD = timedelta(hours=1)


class OrderPayments:
    """Begins and settles the payments of orders; the order is locked before its payments."""

    def __init__(
        self,
        orders: OrderRepository,
        payments: PaymentRepository,
        refunds: RefundRepository,
        money: OrderMoney,
        moves: OrderMoves,
        checkouts: Checkouts,
        errands: ErrandService,
        news: PaymentNews,
        clock: Clock,
        offered: Collection[str],
        hold: timedelta,
    ) -> None:
        self._orders = orders
        self._payments = payments
        self._refunds = refunds
        self._money = money
        self._moves = moves
        self._checkouts = checkouts
        self._errands = errands
        self._news = news
        self._clock = clock
        self._offered = offered
        self._hold = hold

    async def begin(
        self, owner: UUID | None, order_id: UUID, data: PaymentCreate, request_key: str | None
    ) -> Payment:
        """Store a payment of the open sum of an order; the provider is asked after the commit.

        A request that is repeated with its key returns the payment of the first one.

        Raises:
            OrderNotFound: the order does not exist, or the caller may not see it.
            InvalidInput: the provider is not offered.
            IdempotencyKeyReused: the key is that of another provider.
            IllegalTransition: the order is cancelled, or the time to pay it is over.
            NothingToPay: the order is paid.
        """
        order = await self._orders.get_whole(owner, order_id, lock=True)
        payments = await self._payments.of_order(order_id)
        first = next((each for each in payments if each.request_key == request_key), None)
        if request_key is not None and first is not None:
            _require_same(data.provider, first.provider)
            return first
        self._require_offered(data.provider)
        sums = sums_of(order, payments, await self._refunds.of_order(order_id))
        self._require_payable(order, sums)
        self._extend(order)
        now = self._clock.now()
        payment = Payment(
            id=new_id(now),
            order_id=order_id,
            provider=data.provider,
            request_key=request_key,
            status=PaymentStatus.CREATED,
            currency=order.currency,
            amount_minor=sums.open_minor,
            created_at=now,
            updated_at=now,
        )
        return await self._begun(payment, GUEST if owner is None else name_of_user(owner))

    async def _begun(self, payment: Payment, actor: str) -> Payment:
        await self._payments.add(payment)
        await self._payments.add_step(payment, actor)
        # The errand is a fallback: the provider is asked at once after the commit.
        await self._errands.put(LOOK, payment.id, payment.created_at + AFTER_SILENCE)
        return payment

    async def begin_of_cart(
        self, visitor: Visitor, cart_id: UUID, data: PaymentCreate, request_key: str | None
    ) -> Payment:
        """Store a payment of the order of a cart, as `begin` does.

        Raises:
            CartNotFound, CartMerged, CartClaimed, OrderNotFound: nothing is begun.
        """
        order_id = await self._checkouts.order_id_of(visitor, cart_id, is_changed=True)
        return await self.begin(None, order_id, data, request_key)

    def _require_offered(self, provider: str) -> None:
        if provider == MANUAL or provider not in self._offered:
            offered = ", ".join(sorted(set(self._offered) - {MANUAL})) or "none"
            raise InvalidInput.in_body(("#/provider", f"must be one of those offered: {offered}"))

    def _require_payable(self, order: Order, sums: Sums) -> None:
        is_over = order.pay_by is not None and order.pay_by <= self._clock.now()
        if order.status is OrderStatus.CANCELLED or is_over:
            raise IllegalTransition(
                "the order is cancelled" if not is_over else "the time to pay the order is over",
                order_id=str(order.id),
                from_status=order.status,
                to_status=OrderStatus.PAID,
                allowed=[],
            )
        if order.status is not OrderStatus.PENDING or sums.is_covered:
            raise NothingToPay("nothing of the order is open", order_id=str(order.id))

    def _extend(self, order: Order) -> None:
        """Extend the deadline of an order that would expire before the payment."""
        if order.pay_by is None:
            return
        wanted = self._clock.now() + self._hold
        order.pay_by = max(order.pay_by, min(wanted, order.created_at + _LONGEST_HOLD))

    async def apply(self, payment_id: UUID, state: PaymentState) -> Payment:
        """Update a payment and its order to the state at the provider.

        Raises:
            PaymentNotFound: the payment does not exist.
        """
        order, payment = await self._locked(payment_id)
        now, before = self._clock.now(), Before.of(payment)
        if is_changed := apply_state(payment, state, now):
            await self._news.payment_changed(payment, before)
        is_changed |= await self._note_other_refunds(order, payment, state)
        if is_changed:
            await self._record_step(order, payment, payment.provider, payment)
        if payment.is_open:
            await self._errands.put(LOOK, payment.id, next_look(payment, now))
        return payment

    async def _note_other_refunds(
        self, order: Order, payment: Payment, state: PaymentState
    ) -> bool:
        """Store refunds that were made at the provider without the shop; return if any were."""
        if state.refunded_minor < payment.refunded_minor:
            await self._ask_again(payment)
        promised = await self._refunds.promised_of(payment.id)
        others = min(state.refunded_minor, payment.captured_minor) - promised
        if others > 0:
            await self._money.note_refund(order, payment, others)
        return others > 0

    async def _ask_again(self, payment: Payment) -> None:
        """Schedule another look at the refunds of a payment, of which one has failed later."""
        for each in await self._refunds.of_order(payment.order_id):
            was_made = each.payment_id == payment.id and each.status is RefundStatus.SUCCEEDED
            # A request for a refund that was made without the shop would make it a second time.
            if was_made and each.reference is not None:
                await self._errands.put(REFUND, each.id)

    async def fail(self, payment_id: UUID, reason: str) -> Payment:
        """Record that a provider has refused to begin a payment."""
        order, payment = await self._locked(payment_id)
        if payment.status is PaymentStatus.CREATED:
            before = Before.of(payment)
            payment.status, payment.failure = PaymentStatus.FAILED, reason[:200]
            payment.touch(self._clock.now())
            await self._news.payment_changed(payment, before)
            await self._record_step(order, payment, payment.provider, payment)
        return payment

    async def look_later(self, payment_id: UUID) -> None:
        """Schedule a look at a payment whose provider has not answered."""
        await self._errands.put(LOOK, payment_id, self._clock.now() + AFTER_SILENCE)

    async def look_now(self, provider: str, reference: str) -> bool:
        """Schedule a look at a payment after an event of its provider; return if it is known."""
        payment_id = await self._payments.of_reference(provider, reference)
        if payment_id is not None:
            await self._errands.put(LOOK, payment_id)
        return payment_id is not None

    async def record(self, actor: str, order_id: UUID, data: PaymentRecord) -> Payment:
        """Store money that arrived without a provider.

        Raises:
            OrderNotFound: the order does not exist.
            InvalidInput: the amount does not fit the currency, or is zero.
        """
        order = await self._orders.get_whole(None, order_id, lock=True)
        amount = _minor(data.amount, order.currency)
        note = f"Received on {data.received_on.isoformat()}."
        payment = await self._money.record_manual(
            order, amount, actor, f"{note} {data.note}" if data.note else note
        )
        await self._settle(order, payment)
        return payment

    async def require_capture(
        self, payment_id: UUID, amount: Decimal | None
    ) -> tuple[Payment, int]:
        """Return a payment that can be captured, and the amount.

        Raises:
            PaymentNotFound, CaptureNotPossible, AmountTooLarge, InvalidInput: it cannot be.
        """
        _, payment = await self._locked(payment_id)
        if payment.status is not PaymentStatus.AUTHORISED:
            raise not_capturable(payment)
        minor = payment.amount_minor if amount is None else _minor(amount, payment.currency)
        self._require_at_most(minor, payment.amount_minor, payment)
        return payment, minor

    async def refund(
        self, actor: str, payment_id: UUID, data: RefundCreate, request_key: str | None
    ) -> Refund:
        """Store a refund of a payment, by default of the whole amount left.

        Raises:
            PaymentNotFound, AmountTooLarge, InvalidInput: nothing is refunded.
            IdempotencyKeyReused: the key is that of another refund.
        """
        _, payment = await self._locked(payment_id)
        if request_key is not None:
            if (first := await self._refunds.of_key(payment_id, request_key)) is not None:
                _require_same(data.reason, first.reason)
                if data.amount is not None:
                    _require_same(_minor(data.amount, payment.currency), first.amount_minor)
                return first
        left = payment.captured_minor - await self._refunds.promised_of(payment_id)
        minor = left if data.amount is None else _minor(data.amount, payment.currency)
        self._require_at_most(minor, left, payment)
        return await self._money.ask_refund(payment, minor, data.reason, actor, request_key)

    async def record_refund(self, actor: str, refund_id: UUID) -> Refund:
        """Record that staff has returned the money of a payment without a provider.

        Raises:
            RefundNotFound: the refund does not exist.
            RefundNotManual: the provider makes the refund.
        """
        refund = await self._refunds.get(refund_id)
        if (await self._payments.get(refund.payment_id)).provider != MANUAL:
            raise RefundNotManual("the provider of the payment returns it", id=str(refund_id))
        return await self.apply_refund(refund_id, RefundState("", RefundStatus.SUCCEEDED), actor)

    async def apply_refund(self, refund_id: UUID, state: RefundState, actor: str) -> Refund:
        """Update a refund, its payment and its order to the state at the provider.

        Raises:
            RefundNotFound: the refund does not exist.
        """
        refund = await self._refunds.get(refund_id)
        order, payment = await self._locked(refund.payment_id)
        refund = await self._refunds.get(refund_id, lock=True)
        was_made = refund.status is RefundStatus.SUCCEEDED
        if refund.status is state.status or (was_made and state.status is not RefundStatus.FAILED):
            return refund
        now = self._clock.now()
        refund.updated_at = now
        refund.reference = state.reference or refund.reference
        refund.failure = None if state.failure is None else state.failure[:200]
        payment.touch(now)
        if state.status is RefundStatus.SUCCEEDED:
            await self._money.note_made(order, payment, refund)
            await self._clear_attention(payment)
        elif state.status is RefundStatus.FAILED:
            await self._money.note_failed(payment, refund)
        else:
            refund.status = state.status
            await self._errands.put(REFUND, refund.id, now + AFTER_SILENCE)
        await self._record_step(order, payment, actor, None)
        return refund

    async def _clear_attention(self, payment: Payment) -> None:
        """Clear the attention of a payment if a refund has settled its reason."""
        if is_settled(payment, await self._refunds.of_order(payment.order_id)):
            payment.attention = None

    async def _record_step(
        self, order: Order, payment: Payment, actor: str, came_in: Payment | None
    ) -> None:
        """Record the state of a payment after a change, and update its order."""
        await self._payments.flush()
        await self._payments.add_step(payment, actor)
        await self._settle(order, came_in)

    async def _settle(self, order: Order, came_in: Payment | None) -> None:
        before = (order.paid_minor, order.refunded_minor)
        if await self._money.settle(order, came_in):
            await self._moves.pay(order, f"payment {'' if came_in is None else came_in.id}".strip())
        elif before != (order.paid_minor, order.refunded_minor):
            order.touch(self._clock.now())
        await self._orders.flush()

    async def _locked(self, payment_id: UUID) -> tuple[Order, Payment]:
        payment = await self._payments.get(payment_id)
        order = await self._orders.get_whole(None, payment.order_id, lock=True)
        return order, await self._payments.get(payment_id, lock=True)

    @staticmethod
    def _require_at_most(minor: int, left: int, payment: Payment) -> None:
        if not 0 < minor <= left:
            shown = format_minor(max(left, 0), payment.currency)
            raise AmountTooLarge(f"{shown} is left", id=str(payment.id), left=shown)


def _require_same(asked: object, first: object) -> None:
    if asked != first:
        raise IdempotencyKeyReused("the key was used with another request")


def _minor(amount: Decimal, currency: str) -> int:
    try:
        minor = to_minor(amount, currency)
    except ValueError as error:
        raise InvalidInput.in_body(("#/amount", str(error))) from error
    if minor == 0:
        raise InvalidInput.in_body(("#/amount", "must be greater than 0"))
    return minor
