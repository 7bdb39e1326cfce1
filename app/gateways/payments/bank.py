"""A bank for tests and demonstrations, which has its own records and signs its events."""

import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from app.core.clock import Clock
from app.core.ids import new_id
from app.errors import PaymentNotFound
from app.gateways.payments.provider import (
    PaymentOrder,
    PaymentState,
    ProviderRefusal,
    RefundState,
    SignatureWrong,
)
from app.models import BankPayment, PaymentStatus, RefundStatus
from app.schemas.payments.bank_schema import Decision
from app.tables.payments import OPEN

SIGNATURE = "bank-signature"
PAGE = "/test-bank/"
_TOLERANCE_SECONDS = 300


class BankBooks(Protocol):
    """The records of the bank in a transaction."""

    async def of_key(self, request_key: str) -> BankPayment | None:
        """Return the payment that a request with this key has begun."""

    async def of_reference(self, reference: str) -> BankPayment | None:
        """Return a payment, locked."""

    async def put(self, payment: BankPayment) -> BankPayment:
        """Store a new payment, and return it, or the one that another request has begun."""

    async def refund_once(self, reference: str, amount_minor: int, request_key: str) -> bool:
        """Store a refund; return False if one with this key is stored."""

    async def since(self, moment: datetime) -> Sequence[BankPayment]:
        """Return the payments that were begun at a moment or later."""


Begin = Callable[[], AbstractAsyncContextManager[BankBooks]]


class BankForTests:
    """The bank for tests."""

    code = "test"

    def __init__(self, begin: Begin, clock: Clock, secret: bytes) -> None:
        self._begin = begin
        self._clock = clock
        self._secret = secret

    async def begin(self, asked: PaymentOrder, key: str) -> PaymentState:
        """Begin a payment, which the customer then approves on the page of the bank."""
        async with self._begin() as books:
            payment = await books.of_key(key)
            if payment is None:
                now = self._clock.now()
                new = BankPayment(
                    reference=f"bank_{new_id(now).hex}",
                    request_key=key,
                    payment_id=asked.payment_id,
                    order_id=asked.order_id,
                    order_number=asked.order_number,
                    status=PaymentStatus.REQUIRES_ACTION,
                    currency=asked.currency,
                    amount_minor=asked.amount_minor,
                    captured_minor=0,
                    refunded_minor=0,
                    captures_by_itself=asked.captures_by_itself,
                    return_url=asked.return_url,
                    created_at=now,
                )
                payment = await books.put(new)
            return _state(payment)

    async def look(self, reference: str) -> PaymentState:
        """Return the current state of a payment."""
        async with self._begin() as books:
            return _state(await _found(books, reference))

    async def payment(self, reference: str) -> BankPayment:
        """Return a payment in the records of the bank.

        Raises:
            PaymentNotFound: there is no such payment.
        """
        async with self._begin() as books:
            return await _shown(books, reference)

    async def decide(self, reference: str, decision: Decision) -> BankPayment:
        """Apply the decision of the customer; an earlier decision stays.

        Raises:
            PaymentNotFound: there is no such payment.
        """
        async with self._begin() as books:
            payment = await _shown(books, reference)
            if payment.status is not PaymentStatus.REQUIRES_ACTION:
                return payment
            if decision is Decision.DECLINE:
                payment.status = PaymentStatus.FAILED
            elif payment.captures_by_itself:
                payment.status = PaymentStatus.CAPTURED
                payment.captured_minor = payment.amount_minor
            else:
                payment.status = PaymentStatus.AUTHORISED
            return payment

    async def capture(self, reference: str, amount_minor: int, key: str) -> PaymentState:
        """Take money that was approved."""
        # The money is taken once, under any key.
        del key
        async with self._begin() as books:
            payment = await _found(books, reference)
            if payment.status is PaymentStatus.CAPTURED:
                return _state(payment)
            if payment.status is not PaymentStatus.AUTHORISED:
                raise ProviderRefusal("not_authorised", f"the payment is {payment.status}")
            if amount_minor > payment.amount_minor:
                raise ProviderRefusal("amount_too_large", "more than was approved")
            payment.status = PaymentStatus.CAPTURED
            payment.captured_minor = amount_minor
            return _state(payment)

    async def void(self, reference: str, key: str) -> PaymentState:
        """End a payment; a captured one stays."""
        # The payment ends once, under any key.
        del key
        async with self._begin() as books:
            payment = await _found(books, reference)
            if payment.status in OPEN:
                payment.status = PaymentStatus.VOIDED
            return _state(payment)

    async def refund(self, reference: str, amount_minor: int, key: str) -> RefundState:
        """Return money."""
        async with self._begin() as books:
            payment = await _found(books, reference)
            state = RefundState(f"refund_{key}"[:100], RefundStatus.SUCCEEDED)
            if not await books.refund_once(reference, amount_minor, key):
                return state
            if payment.refunded_minor + amount_minor > payment.captured_minor:
                raise ProviderRefusal("amount_too_large", "more than is left")
            payment.refunded_minor += amount_minor
            return state

    def event_about(self, reference: str) -> tuple[bytes, dict[str, str]]:
        """Return the body and the headers of an event about a payment."""
        body = json.dumps({"id": f"event_{reference}", "reference": reference}).encode()
        moment = str(int(time.time()))
        return body, {SIGNATURE: f"t={moment},v1={self._signature(moment, body)}"}

    async def read_event(self, body: bytes, headers: Mapping[str, str]) -> str | None:
        """Return the reference of the payment that an event is about.

        Raises:
            SignatureWrong: the event was not signed by the bank, or too long ago.
        """
        parts = dict(
            each.partition("=")[::2] for each in headers.get(SIGNATURE, "").split(",") if each
        )
        moment = parts.get("t", "")
        if not hmac.compare_digest(self._signature(moment, body), parts.get("v1", "")):
            raise SignatureWrong("the signature is not the bank's")
        # The system clock is used: the shop's clock can be moved.
        if abs(time.time() - int(moment)) > _TOLERANCE_SECONDS:
            raise SignatureWrong("the event was signed too long ago")
        reference: str = json.loads(body)["reference"]
        return reference

    async def since(self, moment: datetime) -> AsyncIterator[PaymentState]:
        """Yield the payments that were begun at a moment or later."""
        async with self._begin() as books:
            found = [_state(each) for each in await books.since(moment)]
        for each in found:
            yield each

    async def close(self) -> None:
        """Close nothing: the bank has no connections of its own."""

    def _signature(self, moment: str, body: bytes) -> str:
        return hmac.new(self._secret, moment.encode() + b"." + body, hashlib.sha256).hexdigest()


async def _found(books: BankBooks, reference: str) -> BankPayment:
    payment = await books.of_reference(reference)
    if payment is None:
        raise ProviderRefusal("no_such_payment", f"there is no payment {reference}")
    return payment


async def _shown(books: BankBooks, reference: str) -> BankPayment:
    # PostgreSQL does not store a text with a null byte.
    payment = await books.of_reference(reference) if reference.isprintable() else None
    if payment is None:
        raise PaymentNotFound("the bank has no such payment")
    return payment


def _state(payment: BankPayment) -> PaymentState:
    return PaymentState(
        reference=payment.reference,
        status=payment.status,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        captured_minor=payment.captured_minor,
        refunded_minor=payment.refunded_minor,
        failure="declined" if payment.status is PaymentStatus.FAILED else None,
        payment_id=payment.payment_id,
        order_id=payment.order_id,
        order_number=payment.order_number,
        action_url=(
            PAGE + payment.reference if payment.status is PaymentStatus.REQUIRES_ACTION else None
        ),
    )
