"""Rates of tax."""

from collections.abc import Iterable
from uuid import UUID

from app.core.clock import Clock
from app.core.ids import new_id
from app.models import TaxRate
from app.repositories.taxes.tax_rate_repository import TaxRateRepository
from app.schemas.taxes.tax_rate_schema import (
    TaxRateCreate,
    TaxRatePage,
    TaxRateQuery,
    TaxRateRead,
)
from app.security.areas.taxes import TaxesAudited
from app.security.principal import Caller
from app.services.system.audit_service import AuditService
from app.tables.identity import comparison_key


class TaxRateService:
    """Adds, returns and deletes rates of tax."""

    def __init__(self, rates: TaxRateRepository, audit: AuditService, clock: Clock) -> None:
        self._rates = rates
        self._audit = audit
        self._clock = clock

    async def add(self, caller: Caller, data: TaxRateCreate) -> TaxRateRead:
        """Add a rate, which applies to orders from its first day on.

        Raises:
            TaxRateExists: another rate of the place and the class begins on that day.
        """
        now = self._clock.now()
        added = await self._rates.add(
            TaxRate(
                id=new_id(now),
                region_key=comparison_key(data.region),
                created_at=now,
                **data.model_dump(),
            )
        )
        return await self._told(TaxesAudited.RATE_ADDED, caller, added)

    async def find(self, query: TaxRateQuery) -> TaxRatePage:
        """Return a page of rates."""
        found, following = await self._rates.find(query)
        return TaxRatePage(
            items=[TaxRateRead.model_validate(each) for each in found], next=following
        )

    async def delete(self, caller: Caller, rate_id: UUID) -> None:
        """Delete a rate; the previous one applies again. Orders keep their tax.

        Raises:
            TaxRateNotFound: the tax rate does not exist.
        """
        rate = await self._rates.get(rate_id, lock=True)
        await self._told(TaxesAudited.RATE_DELETED, caller, rate)
        await self._rates.delete(rate)

    async def add_missing(self, caller: Caller, rates: Iterable[TaxRateCreate]) -> int:
        """Add the rates of countries that have none; return the number of added ones."""
        wanted = list(rates)
        known = await self._rates.countries_of({each.country for each in wanted})
        new = [each for each in wanted if each.country not in known]
        for each in new:
            await self.add(caller, each)
        return len(new)

    async def _told(self, event: TaxesAudited, caller: Caller, rate: TaxRate) -> TaxRateRead:
        shown = TaxRateRead.model_validate(rate)
        told = ("country", "region", "tax_class", "rate", "valid_from")
        document = shown.model_dump(mode="json", by_alias=True)
        detail = {name: document[name] for name in told}
        await self._audit.record(event, caller, rate.id, **detail)
        return shown
