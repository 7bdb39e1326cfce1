"""The pages of reports."""

from datetime import date

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from app.errors import InvalidInput, ReportNotFound
from app.pages.console.asked import address_without_cursor, asked, filters_of
from app.pages.rendering import HTML, document_of, page
from app.schemas.reports.report_schema import ChartQuery, ReportLineQuery
from app.security.principal import Access
from app.web.rendering.report_answers import SVG, draw_day, draw_days
from app.web.rendering.report_csv import CSV, lines_as_csv
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.areas.reports import Reports
from app.wiring.resources import Shop


class ReportPages(Controller):
    """The pages of reports."""

    path = "/console/reports"
    include_in_schema = False

    @get(opt=declared(InvalidInput, access=Access.STAFF, formats=(HTML,)))
    async def find(self, request: ShopRequest, reports: Reports) -> Response[bytes]:
        """Show the days of a period, by default the last 30 completed ones."""
        days, found = await reports.period(asked(request, ChartQuery))
        return page(
            request,
            "console/reports.html",
            first=days[0].isoformat(),
            last=days[-1].isoformat(),
            reports=document_of(found[::-1]),
            days_count=len(days),
            filters=filters_of(request),
        )

    @get("/wide.svg", opt=declared(InvalidInput, access=Access.STAFF, formats=(SVG,)))
    async def draw(self, request: ShopRequest, reports: Reports) -> Response[None]:
        """Draw the days of a period."""
        return await draw_days(request, *await reports.period(asked(request, ChartQuery)))

    @get("/narrow.svg", opt=declared(InvalidInput, access=Access.STAFF, formats=(SVG,)))
    async def draw_narrow(self, request: ShopRequest, reports: Reports) -> Response[None]:
        """Draw the days of a period for a narrow screen."""
        found = await reports.period(asked(request, ChartQuery))
        return await draw_days(request, *found, is_narrow=True)

    @get(
        "/{day:date}",
        opt=declared(ReportNotFound, InvalidInput, access=Access.STAFF, formats=(HTML,)),
    )
    async def show(
        self, request: ShopRequest, day: FromPath[date], reports: Reports
    ) -> Response[bytes]:
        """Show a day with its lines."""
        found = await reports.get(day, asked(request, ReportLineQuery))
        return page(
            request,
            "console/report.html",
            report=document_of(found),
            list_address=address_without_cursor(request),
        )

    @get("/{day:date}/wide.svg", opt=declared(ReportNotFound, access=Access.STAFF, formats=(SVG,)))
    async def draw_day(
        self, request: ShopRequest, day: FromPath[date], reports: Reports
    ) -> Response[None]:
        """Draw a day by the hour."""
        return await draw_day(request, *await reports.hours(day))

    @get(
        "/{day:date}/narrow.svg", opt=declared(ReportNotFound, access=Access.STAFF, formats=(SVG,))
    )
    async def draw_day_narrow(
        self, request: ShopRequest, day: FromPath[date], reports: Reports
    ) -> Response[None]:
        """Draw a day by the hour for a narrow screen."""
        return await draw_day(request, *await reports.hours(day), is_narrow=True)

    @get("/{day:date}/lines.csv", opt=declared(ReportNotFound, access=Access.STAFF, formats=(CSV,)))
    async def download(
        self,
        request: ShopRequest,
        day: FromPath[date],
        reports: Reports,
        shop: NamedDependency[Shop],
    ) -> Response[None]:
        """Return all lines of a day as CSV."""
        return lines_as_csv(request, shop, await reports.summary(day))
