"""Queries over daily reports."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, func, literal, select, tuple_

from app.errors import ReportNotFound
from app.models import DailyReport, ReportLine, ReportMoney, ReportProduct, ReportTax
from app.repositories.base import Repository
from app.repositories.bulk import table_of
from app.schemas.page_schema import PageQuery
from app.schemas.reports.report_schema import ReportQuery
from app.tables.catalogue import product_of

_lines = table_of(ReportLine)
_products = table_of(ReportProduct)
_OF_DAY = select(DailyReport).where(DailyReport.report_day == bindparam("day"))


class ReportRepository(Repository[DailyReport]):
    """Existing reports."""

    model = DailyReport
    not_found = ReportNotFound

    async def find_of(self, day: date) -> DailyReport | None:
        """Return the report of a day, or None if it does not exist."""
        report: DailyReport | None = await self.session.scalar(_OF_DAY, {"day": day})
        return report

    async def last_end(self) -> datetime | None:
        """Return the end of the newest day that has a report."""
        last_end: datetime | None = await self.session.scalar(select(func.max(DailyReport.ends_at)))
        return last_end

    async def get_of(self, day: date) -> DailyReport:
        """Return the report of a day.

        Raises:
            ReportNotFound: the report does not exist.
        """
        report = await self.find_of(day)
        if report is None:
            raise ReportNotFound(f"there is no report of {day}", day=day.isoformat())
        return report

    async def find(self, query: ReportQuery) -> tuple[Sequence[DailyReport], str | None]:
        """Return a page of reports, and the cursor of the next page."""
        rows = self.query()
        if query.from_day is not None:
            rows = rows.where(DailyReport.report_day >= query.from_day)
        if query.to_day is not None:
            rows = rows.where(DailyReport.report_day <= query.to_day)
        return await self.page(
            rows, DailyReport.starts_at, order=query.order, limit=query.limit, cursor=query.cursor
        )

    async def between(self, first: date, last: date) -> Sequence[DailyReport]:
        """Return the reports of a range of days, the oldest first."""
        query = self.query().where(DailyReport.report_day.between(first, last))
        return (await self.session.scalars(query.order_by(DailyReport.report_day))).all()

    async def lines_of(
        self, day: date, query: PageQuery
    ) -> tuple[Sequence[ReportLine], str | None]:
        """Return a page of the lines of a day, and the cursor of the next page."""
        return await _LineRepository(self.session).page(
            select(ReportLine).where(ReportLine.report_day == day),
            ReportLine.placed_at,
            order=query.order,
            limit=query.limit,
            cursor=query.cursor,
        )

    async def products_of(
        self, day: date, query: PageQuery
    ) -> tuple[Sequence[ReportProduct], str | None]:
        """Return a page of the products of a day, the best-selling first."""
        return await _ProductRepository(self.session).page(
            select(ReportProduct).where(ReportProduct.report_day == day),
            ReportProduct.gross_minor,
            order=query.order,
            limit=query.limit,
            cursor=query.cursor,
        )

    async def taxes_of(self, day: date) -> Sequence[ReportTax]:
        """Return the tax of a day by rate, the highest first."""
        query = (
            select(ReportTax)
            .where(ReportTax.report_day == day)
            .order_by(ReportTax.rate_ppm.desc(), ReportTax.reason)
        )
        return (await self.session.scalars(query)).all()

    async def money_of(self, days: Collection[date]) -> Sequence[ReportMoney]:
        """Return the money of days by currency."""
        query = select(ReportMoney).where(ReportMoney.report_day.in_(days))
        return (await self.session.scalars(query.order_by(ReportMoney.currency))).all()

    async def lines_after(self, day: date, after: Any, limit: int) -> Sequence[Any]:
        """Return the next lines of a day in their order, after the line `after` if given."""
        query = select(*_lines.c).where(ReportLine.report_day == day)
        key = (ReportLine.placed_at, ReportLine.id)
        if after is not None:
            query = query.where(tuple_(*key) > _key(key, after))
        return (await self.session.execute(query.order_by(*key).limit(limit))).all()

    async def products_after(self, day: date, after: Any, limit: int) -> Sequence[Any]:
        """Return the next products of a day in their order, after the product `after` if given."""
        columns = (*_products.c, product_of(_products.c.variant_id).label("product_id"))
        query = select(*columns).where(ReportProduct.report_day == day)
        key = (ReportProduct.gross_minor, ReportProduct.id)
        if after is not None:
            query = query.where(tuple_(*key) < _key(key, after))
        falling = (ReportProduct.gross_minor.desc(), ReportProduct.id.desc())
        return (await self.session.execute(query.order_by(*falling).limit(limit))).all()


class _LineRepository(Repository[ReportLine]):
    """The lines of reports."""

    model = ReportLine


class _ProductRepository(Repository[ReportProduct]):
    """The products of reports."""

    model = ReportProduct


def _key(columns: tuple[Any, Any], row: Any) -> Any:
    return tuple_(*(literal(getattr(row, each.key), each.type) for each in columns))
