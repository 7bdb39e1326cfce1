"""Calls the providers of payments, between transactions and never inside one."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from app.errors import (
    CaptureNotPossible,
    ProviderRefused,
    ProviderUnavailable,
    SignatureRefused,
)
from app.gateways.payments.bank import BankForTests
from app.gateways.payments.provider import (
    PaymentOrder,
    PaymentProvider,
    PaymentState,
    ProviderRefusal,
    ProviderUnreachable,
    RefundState,
    SignatureWrong,
)
from app.models import BankPayment, Payment, PaymentStatus, RefundStatus
from app.schemas.orders.return_schema import UnitsRefund
from app.schemas.payments.bank_schema import Decision
from app.schemas.payments.payment_schema import (
    PaymentAction,
    PaymentCreate,
    PaymentRead,
    RefundCreate,
    RefundRead,
)
from app.services.carts.cart_access import Visitor
from app.services.orders.payments.order_money import MANUAL
from app.services.orders.payments.order_payments import OrderPayments
from app.services.orders.payments.payment_books import PaymentBooks
from app.services.orders.payments.payment_states import not_capturable

logger = logging.getLogger(__name__)

Begin = Callable[[], AbstractAsyncContextManager[OrderPayments]]
"""Opens a transaction."""
Read = Callable[[], AbstractAsyncContextManager[PaymentBooks]]
"""Opens a session for reads."""


class PaymentCalls:
    """Calls providers, and updates payments to their states.

    The row of a payment or refund exists before the call, and its id is the key of the call, so
    that repeated calls have one effect.
    """

    def __init__(
        self, begin: Begin, read: Read, providers: Callable[[str], PaymentProvider]
    ) -> None:
        self._begin = begin
        self._read = read
        self._provider = providers

    async def pay(
        self, owner: UUID | None, order_id: UUID, data: PaymentCreate, request_key: str | None
    ) -> PaymentRead:
        """Begin a payment of the open sum of an order; see `OrderPayments.begin`.

        Raises:
            OrderNotFound, InvalidInput, IllegalTransition, NothingToPay: nothing is begun.
            ProviderRefused: the provider does not begin the payment, which has failed.
            ProviderUnavailable: the provider does not answer, and is asked again later.
        """
        async with self._begin() as payments:
            payment = await payments.begin(owner, order_id, data, request_key)
        return await self._start(payment, data.return_url)

    async def pay_of_cart(
        self, visitor: Visitor, cart_id: UUID, data: PaymentCreate, request_key: str | None
    ) -> PaymentRead:
        """Begin a payment of the open sum of the order of a cart, as `pay` does.

        Raises:
            CartNotFound, CartMerged, CartClaimed, OrderNotFound: nothing is begun.
        """
        async with self._begin() as payments:
            payment = await payments.begin_of_cart(visitor, cart_id, data, request_key)
        return await self._start(payment, data.return_url)

    async def _start(self, payment: Payment, return_url: str | None) -> PaymentRead:
        """Begin a payment at its provider; return it with the next action of the customer."""
        payment_id = payment.id
        if not payment.is_open:
            # The request is a repetition, and the payment that it began has ended.
            return PaymentRead.model_validate(payment)
        async with self._read() as books:
            asked, payment = await books.order_of(payment_id, return_url)
        try:
            state = await self._begun(payment, asked)
        except ProviderRefusal as refusal:
            async with self._begin() as payments:
                await payments.fail(payment_id, refusal.code)
            raise _refused(payment, refusal) from refusal
        except ProviderUnreachable as error:
            raise _unavailable(payment) from error
        shown = await self._applied(payment_id, state)
        shown.action = _action(state)
        return shown

    async def look(self, payment_id: UUID) -> PaymentAction | None:
        """Update a payment to its current state; return the next action of the customer."""
        async with self._read() as books:
            asked, payment = await books.order_of(payment_id, None)
        try:
            state = await self._seen(payment, asked)
        except ProviderUnreachable as error:
            logger.warning("no answer about payment %s: %s", payment_id, error)
            async with self._begin() as payments:
                await payments.look_later(payment_id)
            return None
        except ProviderRefusal as refusal:
            async with self._begin() as payments:
                await payments.fail(payment_id, refusal.code)
            return None
        await self._applied(payment_id, state)
        return _action(state)

    async def capture(self, payment_id: UUID, amount: Decimal | None = None) -> PaymentRead:
        """Take authorised money, by default all of it.

        Raises:
            PaymentNotFound, CaptureNotPossible, AmountTooLarge, InvalidInput: nothing is taken.
            ProviderRefused, ProviderUnavailable: nothing is known to be taken.
        """
        async with self._begin() as payments:
            payment, amount_minor = await payments.require_capture(payment_id, amount)
        provider, reference = self._provider(payment.provider), payment.reference or ""
        return await self._asked(
            payment,
            lambda: provider.capture(reference, amount_minor, f"capture:{payment.id}"),
        )

    async def void(self, payment_id: UUID) -> PaymentRead:
        """End a payment; if it was captured before, update its order instead.

        Raises:
            PaymentNotFound, CaptureNotPossible: the payment has ended.
            ProviderRefused, ProviderUnavailable: nothing is known to be ended.
        """
        async with self._read() as books:
            asked, payment = await books.order_of(payment_id, None)
        if not payment.is_open:
            raise not_capturable(payment)

        async def end() -> PaymentState:
            begun = await self._seen(payment, asked)
            if begun.status in (PaymentStatus.CAPTURED, PaymentStatus.VOIDED):
                return begun
            provider = self._provider(payment.provider)
            return await provider.void(begun.reference, f"void:{payment.id}")

        return await self._asked(payment, end)

    async def refund(
        self, actor: str, payment_id: UUID, data: RefundCreate, request_key: str | None
    ) -> RefundRead:
        """Return money of a payment; a provider that does not answer is asked again later.

        Raises:
            PaymentNotFound, AmountTooLarge, InvalidInput: nothing is returned.
        """
        async with self._begin() as payments:
            refund = await payments.refund(actor, payment_id, data, request_key)
        with suppress(ProviderUnreachable):
            await self.make_refund(refund.id)
        async with self._read() as books:
            return await books.show_refund(refund.id)

    async def refund_units(
        self, actor: str, payment_id: UUID, data: UnitsRefund, request_key: str | None
    ) -> RefundRead:
        """Return the amount paid for units of the order of a payment, as `refund` does.

        Raises:
            PaymentNotFound, OrderLineNotFound, QuantityNotLeft,
                AmountTooLarge: nothing is returned.
        """
        async with self._read() as books:
            asked = await books.worth_of((await books.payment(payment_id)).order_id, data)
        return await self.refund(actor, payment_id, asked, request_key)

    async def make_refund(self, refund_id: UUID) -> None:
        """Return money; a refund that has succeeded is not repeated.

        Raises:
            ProviderUnreachable: it is not known whether the refund was made.
        """
        async with self._read() as books:
            refund, payment = await books.refund_of(refund_id)
        if payment.provider == MANUAL or refund.status is RefundStatus.FAILED:
            return
        provider = self._provider(payment.provider)
        try:
            state = await provider.refund(
                payment.reference or "", refund.amount_minor, f"refund:{refund.id}"
            )
        except ProviderRefusal as refusal:
            state = RefundState("", RefundStatus.FAILED, f"{refusal.code}: {refusal}")
        async with self._begin() as payments:
            await payments.apply_refund(refund_id, state, payment.provider)

    async def end_before_expiry(self, order_id: UUID) -> None:
        """End the payments of an expired order; a payment that cannot be ended stays open.

        The stock is returned only after that: no payment can arrive for goods that are sold to
        others.
        """
        async with self._read() as books:
            open_ones = await books.to_end(order_id)
        for payment_id in open_ones:
            try:
                await self.void(payment_id)
            except (CaptureNotPossible, ProviderUnavailable, ProviderRefused) as error:
                logger.warning("payment %s cannot be ended: %s", payment_id, error)

    async def receive(self, code: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Accept an event of a provider: its payment is looked up at the provider soon.

        Raises:
            ProviderNotFound, SignatureRefused: the event is not accepted.
        """
        try:
            reference = await self._provider(code).read_event(body, headers)
        except SignatureWrong as error:
            raise SignatureRefused(str(error)) from error
        if reference is None:
            return
        async with self._begin() as payments:
            if not await payments.look_now(code, reference):
                logger.warning("%s tells of payment %s, which is not known", code, reference)

    async def decide_at(
        self, bank: BankForTests, reference: str, decision: Decision
    ) -> BankPayment:
        """Apply a customer's decision at the bank for tests; unless silent, it sends an event.

        Raises:
            PaymentNotFound: the bank has no such payment.
        """
        payment = await bank.decide(reference, decision)
        if decision is not Decision.APPROVE_SILENTLY:
            await self.receive(bank.code, *bank.event_about(reference))
        return payment

    async def reconcile(self, code: str, since: datetime) -> AsyncIterator[PaymentState]:
        """Update all payments of a provider since a moment to their states; yield unknown ones."""
        async for state in self._provider(code).since(since):
            async with self._read() as books:
                payment_id = await books.of_state(code, state)
                is_unknown = payment_id is None and await books.is_unknown(state)
            if payment_id is not None:
                await self._applied(payment_id, state)
            elif is_unknown:
                yield state

    async def _asked(
        self, payment: Payment, ask: Callable[[], Awaitable[PaymentState]]
    ) -> PaymentRead:
        try:
            state = await ask()
        except ProviderRefusal as refusal:
            raise _refused(payment, refusal) from refusal
        except ProviderUnreachable as error:
            async with self._begin() as payments:
                await payments.look_later(payment.id)
            raise _unavailable(payment) from error
        return await self._applied(payment.id, state)

    async def _begun(self, payment: Payment, asked: PaymentOrder) -> PaymentState:
        return await self._provider(payment.provider).begin(asked, str(payment.id))

    async def _seen(self, payment: Payment, asked: PaymentOrder) -> PaymentState:
        if payment.reference is None:
            # The answer was lost: the same key returns the same payment.
            return await self._begun(payment, asked)
        return await self._provider(payment.provider).look(payment.reference)

    async def _applied(self, payment_id: UUID, state: PaymentState) -> PaymentRead:
        async with self._begin() as payments:
            return PaymentRead.model_validate(await payments.apply(payment_id, state))


def _action(state: PaymentState) -> PaymentAction | None:
    if state.status is not PaymentStatus.REQUIRES_ACTION:
        return None
    return PaymentAction(url=state.action_url, client_secret=state.client_secret)


def _refused(payment: Payment, refusal: ProviderRefusal) -> ProviderRefused:
    return ProviderRefused(
        f"{payment.provider} refuses it: {refusal}",
        id=str(payment.id),
        provider=payment.provider,
        provider_code=refusal.code,
    )


def _unavailable(payment: Payment) -> ProviderUnavailable:
    return ProviderUnavailable(
        f"{payment.provider} does not answer; it is asked again", id=str(payment.id)
    )
