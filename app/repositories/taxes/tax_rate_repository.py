"""Queries over rates of tax."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from sqlalchemy import select

from app.errors import TaxRateExists, TaxRateNotFound
from app.models import TaxRate
from app.repositories.base import Repository
from app.repositories.bulk import among
from app.schemas.taxes.tax_rate_schema import TaxRateQuery

Rates = Mapping[tuple[str, str, str], int]
"""Rates in parts per million, by country, key of the region and tax class."""


class TaxRateRepository(Repository[TaxRate]):
    """Rates of tax."""

    model = TaxRate
    not_found = TaxRateNotFound
    conflicts = {"country": TaxRateExists}

    async def find(self, query: TaxRateQuery) -> tuple[Sequence[TaxRate], str | None]:
        """Return a page of rates, and the cursor of the next page."""
        rows = self.query()
        if query.country is not None:
            rows = rows.where(TaxRate.country == query.country)
        return await self.page(
            rows, TaxRate.created_at, order=query.order, limit=query.limit, cursor=query.cursor
        )

    async def in_force(self, countries: Collection[str], day: date) -> Rates:
        """Return the rates of countries on a day."""
        query = (
            select(TaxRate.country, TaxRate.region_key, TaxRate.tax_class, TaxRate.rate_ppm)
            .where(among(self.session, TaxRate.country, set(countries)), TaxRate.valid_from <= day)
            .order_by(TaxRate.valid_from)
        )
        # The rate that began last counts.
        rows = await self.session.execute(query)
        return {(country, region, name): ppm for country, region, name, ppm in rows}

    async def countries_of(self, countries: Collection[str]) -> set[str]:
        """Return the countries that have rates, whenever these begin."""
        query = select(TaxRate.country).where(among(self.session, TaxRate.country, set(countries)))
        return set(await self.session.scalars(query.distinct()))
