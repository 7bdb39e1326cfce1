"""Reads the payments of orders, for people and for the calls of providers."""

from decimal import Decimal
from uuid import UUID

from app.core.clock import Clock
from app.core.money import format_minor
from app.errors import QuantityNotLeft
from app.gateways.payments.provider import PaymentOrder, PaymentState
from app.models import Order, OrderStatus, Payment, PaymentStatus, Refund
from app.pricing.arithmetic import of_pieces
from app.repositories.orders.order_repository import OrderRepository
from app.repositories.payments.payment_repository import PaymentRepository, RefundRepository
from app.schemas.orders.return_schema import UnitsRefund
from app.schemas.payments.payment_schema import (
    OrderPaymentsRead,
    PaymentPage,
    PaymentQuery,
    PaymentRead,
    PaymentSums,
    RefundCreate,
    RefundRead,
)
from app.services.orders.cancelled_lines import line_of, to_pay_for
from app.services.orders.payments.order_money import Sums, sums_of


class PaymentBooks:
    """Reads payments and refunds."""

    def __init__(
        self,
        orders: OrderRepository,
        payments: PaymentRepository,
        refunds: RefundRepository,
        clock: Clock,
        captures_by_itself: bool,
    ) -> None:
        self._orders = orders
        self._payments = payments
        self._refunds = refunds
        self._clock = clock
        self._captures_by_itself = captures_by_itself

    async def of_order(self, owner: UUID | None, order_id: UUID) -> OrderPaymentsRead:
        """Return the payments and refunds of an order.

        Raises:
            OrderNotFound: the order does not exist, or the caller may not see it.
        """
        return await self.shown(await self._orders.owned(owner, order_id))

    async def shown(self, order: Order) -> OrderPaymentsRead:
        """Return the payments and refunds of an order that was already read."""
        payments = await self._payments.shown_of_order(order.id)
        refunds = await self._refunds.of_order(order.id) if payments else ()
        return OrderPaymentsRead(
            payments=[PaymentRead.model_validate(each) for each in payments],
            refunds=[RefundRead.model_validate(each) for each in refunds],
            sums=_shown_sums(order, sums_of(order, payments, refunds)),
        )

    async def worth_of(self, order_id: UUID, data: UnitsRefund) -> RefundCreate:
        """Return the amount that was paid for units of an order, with its tax, as a refund.

        Raises:
            OrderNotFound, OrderLineNotFound, QuantityNotLeft: the order does not have these units.
        """
        order = await self._orders.get_whole(None, order_id)
        minor = 0
        for variant_id, units in data.pieces().items():
            item = line_of(order, variant_id)
            # Cancelled units are the first ones of a line, and returned ones the last.
            last = item.quantity - item.returned_quantity
            left = last - item.cancelled_quantity
            if units > left:
                raise QuantityNotLeft(
                    f"{units} of {item.sku} are to be refunded, {left} are neither cancelled nor "
                    "returned",
                    variant_id=str(variant_id),
                    quantity=units,
                    left=left,
                )
            minor += of_pieces(to_pay_for(order, item), item.quantity, last - units + 1, last)
        amount = Decimal(format_minor(minor, order.currency))
        return RefundCreate(amount=amount, reason=data.reason)

    async def find(self, query: PaymentQuery) -> PaymentPage:
        """Return a page of payments."""
        payments, following = await self._payments.find(query)
        return PaymentPage(
            items=[PaymentRead.model_validate(each) for each in payments], next=following
        )

    async def show(self, payment_id: UUID) -> PaymentRead:
        """Return a payment.

        Raises:
            PaymentNotFound: the payment does not exist.
        """
        return PaymentRead.model_validate(await self.payment(payment_id))

    async def payment(self, payment_id: UUID) -> Payment:
        """Return the row of a payment.

        Raises:
            PaymentNotFound: the payment does not exist.
        """
        return await self._payments.get(payment_id)

    async def refund_of(self, refund_id: UUID) -> tuple[Refund, Payment]:
        """Return the rows of a refund and its payment.

        Raises:
            RefundNotFound: the refund does not exist.
        """
        refund = await self._refunds.get(refund_id)
        return refund, await self.payment(refund.payment_id)

    async def order_of(
        self, payment_id: UUID, return_url: str | None
    ) -> tuple[PaymentOrder, Payment]:
        """Return the data for a provider to begin a payment, and the row of the payment.

        Raises:
            PaymentNotFound: the payment does not exist.
        """
        payment = await self.payment(payment_id)
        order = await self._orders.owned(None, payment.order_id)
        asked = PaymentOrder(
            payment_id=payment.id,
            order_id=order.id,
            order_number=order.number,
            amount_minor=payment.amount_minor,
            currency=payment.currency,
            email=order.email,
            return_url=return_url,
            captures_by_itself=self._captures_by_itself,
        )
        return asked, payment

    async def show_refund(self, refund_id: UUID) -> RefundRead:
        """Return a refund.

        Raises:
            RefundNotFound: the refund does not exist.
        """
        return RefundRead.model_validate(await self._refunds.get(refund_id))

    async def of_state(self, provider: str, state: PaymentState) -> UUID | None:
        """Return the payment of a provider's state, if the shop knows it."""
        found = await self._payments.of_reference(provider, state.reference)
        if found is None and state.payment_id is not None:
            # The answer that contained the reference was lost.
            known = await self._payments.find_one(state.payment_id)
            found = None if known is None or known.reference is not None else known.id
        return found

    async def is_unknown(self, state: PaymentState) -> bool:
        """Return whether the shop does not know a payment of a provider, or money of it."""
        if state.captured_minor or state.status is PaymentStatus.AUTHORISED:
            return True
        # A provider that answered with an error may have begun a payment, and another one after
        # that.
        return state.payment_id is None or await self._payments.find_one(state.payment_id) is None

    async def to_end(self, order_id: UUID) -> list[UUID]:
        """Return the payments that must be ended before an order can expire."""
        order = await self._orders.owned(None, order_id)
        if order.pay_by is None or order.pay_by > self._clock.now():
            return []
        payments = await self._payments.shown_of_order(order_id)
        return [each.id for each in payments if each.is_open]


def _shown_sums(order: Order, sums: Sums) -> PaymentSums:
    is_pending = order.status is OrderStatus.PENDING
    return PaymentSums(
        owed_minor=sums.owed_minor,
        authorised_minor=sums.secured_minor - sums.captured_minor,
        captured_minor=order.paid_minor,
        refunded_minor=order.refunded_minor,
        open_minor=max(sums.open_minor, 0) if is_pending else 0,
        currency=order.currency,
    )
