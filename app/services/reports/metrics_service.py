"""Metrics that are computed from the tables."""

from msgspec import Struct

from app.core.clock import Clock
from app.repositories.messaging.dead_letter_repository import DeadLetterRepository
from app.repositories.messaging.outbox_repository import OutboxRepository
from app.repositories.orders.order_repository import OrderRepository
from app.repositories.reports.report_repository import ReportRepository
from app.repositories.system.errand_repository import ErrandRepository


class Figures(Struct, frozen=True):
    """Metrics of the whole shop, the same in every process."""

    outbox_messages: int
    outbox_oldest_age_seconds: float
    queued: dict[str, int]
    """Commands in the outbox by queue."""
    dead_letters: dict[str, int]
    """By queue."""
    last_order_number: int
    report_age_seconds: float | None
    """Time since the end of the newest day that has a report; None before the first report."""
    errand_age_seconds: dict[str, float]
    """The time since the oldest waiting errand was due, by kind."""
    errands_given_up: dict[str, int]
    """By kind."""


class MetricsService:
    """Counts waiting messages, failed messages, errands and sales."""

    def __init__(
        self,
        outbox: OutboxRepository,
        letters: DeadLetterRepository,
        orders: OrderRepository,
        reports: ReportRepository,
        errands: ErrandRepository,
        clock: Clock,
    ) -> None:
        self._outbox = outbox
        self._letters = letters
        self._orders = orders
        self._reports = reports
        self._errands = errands
        self._clock = clock

    async def figures(self) -> Figures:
        """Return the current metrics; one statement is executed for each table."""
        waiting = await self._outbox.counts()
        now = self._clock.now()
        ages = [(now - each.since).total_seconds() for each in waiting]
        reported_until = await self._reports.last_end()
        report_age = None if reported_until is None else (now - reported_until).total_seconds()
        errands = await self._errands.counts()
        return Figures(
            outbox_messages=sum(each.count for each in waiting),
            outbox_oldest_age_seconds=max([0.0, *ages]),
            queued={each.routing_key: each.count for each in waiting if not each.exchange},
            dead_letters=await self._letters.count_by_queue(),
            last_order_number=await self._orders.last_number(),
            report_age_seconds=report_age,
            errand_age_seconds={
                each.kind: max(0.0, (now - each.first_due_at).total_seconds())
                for each in errands
                if each.first_due_at is not None
            },
            errands_given_up={each.kind: each.given_up for each in errands},
        )
