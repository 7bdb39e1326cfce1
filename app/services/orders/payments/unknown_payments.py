"""The nightly comparison of payments, which finds those that the shop does not have."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import NAMESPACE_OID, UUID, uuid5

from app.core.calendar import ShopDays
from app.core.clock import Clock
from app.core.money import format_minor
from app.gateways.payments.provider import PaymentState
from app.schemas.system.audit_schema import AuditQuery
from app.security.areas.payments import PaymentsAudited
from app.security.principal import SYSTEM
from app.services.orders.payments.order_money import MANUAL
from app.services.system.audit_service import AuditService
from app.services.system.errand_service import ErrandService

logger = logging.getLogger(__name__)

RECONCILE = "payments_reconcile"
"""The kind of the errand that compares the payments of a provider."""
COMPARED = timedelta(hours=48)
"""The compared period, which includes a previous night in which a provider was down."""
_DAY = timedelta(days=1)
# The time is after the daily reports of most shops.
_AFTER_MIDNIGHT = timedelta(hours=4)


def compared(providers: Iterable[str]) -> Mapping[UUID, str]:
    """Return the providers whose payments are compared, by the subjects of their errands."""
    return {uuid5(NAMESPACE_OID, code): code for code in providers if code != MANUAL}


class UnknownPayments:
    """Plans the comparisons, and records each payment once that the shop does not have."""

    def __init__(
        self, audit: AuditService, errands: ErrandService, days: ShopDays, clock: Clock
    ) -> None:
        self._audit = audit
        self._errands = errands
        self._days = days
        self._clock = clock

    async def plan(self, providers: Iterable[str]) -> None:
        """Plan the comparison of payments for the next night, unless it is planned already."""
        night = self._next_night()
        for subject_id in compared(providers):
            await self._errands.put_if_none(RECONCILE, subject_id, night)

    async def record(self, subject_id: UUID, code: str, unknown: Sequence[PaymentState]) -> None:
        """Record the payments that only a provider has, and plan the next comparison."""
        for state in unknown:
            payment = uuid5(NAMESPACE_OID, f"{code} {state.reference}")
            asked = AuditQuery(event=PaymentsAudited.PAYMENT_UNKNOWN, subject_id=payment, limit=1)
            if (await self._audit.find(asked)).items:
                continue
            detail = _detail(code, state)
            await self._audit.record(PaymentsAudited.PAYMENT_UNKNOWN, SYSTEM, payment, **detail)
            logger.error("%s has a payment that the shop does not have: %s", code, detail)
        await self._errands.put(RECONCILE, subject_id, self._next_night())

    def _next_night(self) -> datetime:
        tomorrow = self._days.day_of(self._clock.now()) + _DAY
        return self._days.start_of(tomorrow) + _AFTER_MIDNIGHT


def _detail(code: str, state: PaymentState) -> dict[str, str | int | None]:
    return {
        "provider": code,
        "reference": state.reference,
        "status": state.status.value,
        "amount": format_minor(state.amount_minor, state.currency),
        "captured": format_minor(state.captured_minor, state.currency),
        "currency": state.currency,
        "order_id": None if state.order_id is None else str(state.order_id),
        "order_number": state.order_number,
    }
