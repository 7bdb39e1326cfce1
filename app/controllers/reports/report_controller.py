"""Routes of daily reports."""

import asyncio
from datetime import date

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParams

from app.errors import DayNotOver, ReportNotFound
from app.schemas.messaging.operation_schema import OperationRead
from app.schemas.reports.report_schema import (
    ChartQuery,
    ReportLineQuery,
    ReportOrder,
    ReportPage,
    ReportProductPage,
    ReportProductQuery,
    ReportQuery,
    ReportRead,
)
from app.security.areas.reports import ReportsScope
from app.security.principal import Access
from app.web.rendering.report_csv import CSV, lines_as_csv, prefers_csv, products_as_csv
from app.web.rendering.responses import Document, show, show_file, started
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.reports import Reports
from app.wiring.resources import Shop

_SVG = "image/svg+xml"
# Its colours stand in the picture itself; nothing else may.
_SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


class ReportController(Controller):
    """What was sold each day."""

    path = "/reports"
    tags = ["reports"]

    @get(
        summary="List reports",
        opt=declared(access=Access.STAFF, scope=ReportsScope.REPORTS_READ, query=ReportQuery),
    )
    async def find(
        self, request: ShopRequest, query: QueryParams, reports: Reports
    ) -> Response[ReportPage]:
        """Show a page of daily reports, by period, the newest first."""
        return show(request, await reports.find(ReportQuery.parse_query(query.multi_items())))

    @post(
        status_code=202,
        summary="Make a report",
        opt=declared(DayNotOver, access=Access.STAFF, scope=ReportsScope.REPORTS_WRITE),
    )
    async def ask(
        self, request: ShopRequest, data: JSONBody[ReportOrder], reports: Reports
    ) -> Response[OperationRead]:
        """Have the report of a day made now; one that would say the same stays as it is."""
        return started(request, await reports.ask(request.caller, data.day))

    @get(
        "/chart.svg",
        summary="Draw days",
        opt=declared(
            access=Access.STAFF,
            scope=ReportsScope.REPORTS_READ,
            query=ChartQuery,
            formats=(_SVG,),
        ),
    )
    async def draw_days(
        self, request: ShopRequest, query: QueryParams, reports: Reports
    ) -> Response[None]:
        """Draw revenue and orders of some days, or of the last 30 that are over."""
        asked = ChartQuery.parse_query(query.multi_items())
        days, found = await reports.period(asked)
        # The plotting library takes a while to import, and most processes never draw.
        from app.web.rendering.report_chart import (
            chart_of_days,  # pylint: disable=import-outside-toplevel
        )

        return _picture(request, await asyncio.to_thread(chart_of_days, days, found))

    @get(
        "/{day:date}",
        summary="Show a report",
        opt=declared(
            ReportNotFound,
            access=Access.STAFF,
            scope=ReportsScope.REPORTS_READ,
            query=ReportLineQuery,
            formats=(CSV,),
        ),
    )
    async def read(
        self,
        request: ShopRequest,
        day: FromPath[date],
        query: QueryParams,
        reports: Reports,
        shop: NamedDependency[Shop],
    ) -> Response[ReportRead]:
        """Show the report of a day with a page of its lines, or, as CSV, all of the lines."""
        asked = ReportLineQuery.parse_query(query.multi_items())
        if prefers_csv(request):
            return lines_as_csv(request, shop, await reports.summary(day))
        return _of_both(show(request, await reports.get(day, asked)))

    @get(
        "/{day:date}/products",
        summary="List what a day has sold",
        opt=declared(
            ReportNotFound,
            access=Access.STAFF,
            scope=ReportsScope.REPORTS_READ,
            query=ReportProductQuery,
            formats=(CSV,),
        ),
    )
    async def products(
        self,
        request: ShopRequest,
        day: FromPath[date],
        query: QueryParams,
        reports: Reports,
        shop: NamedDependency[Shop],
    ) -> Response[ReportProductPage]:
        """Show a page of the products of a day, the best sold first, or, as CSV, all of them."""
        asked = ReportProductQuery.parse_query(query.multi_items())
        if prefers_csv(request):
            return products_as_csv(request, shop, await reports.summary(day))
        return _of_both(show(request, await reports.products(day, asked)))

    @get(
        "/{day:date}/chart.svg",
        summary="Draw a day",
        opt=declared(
            ReportNotFound, access=Access.STAFF, scope=ReportsScope.REPORTS_READ, formats=(_SVG,)
        ),
    )
    async def draw_day(
        self, request: ShopRequest, day: FromPath[date], reports: Reports
    ) -> Response[None]:
        """Draw revenue and orders of a day by the hour."""
        report, hours = await reports.hours(day)
        # As above.
        from app.web.rendering.report_chart import (
            chart_of_day,  # pylint: disable=import-outside-toplevel
        )

        return _picture(request, await asyncio.to_thread(chart_of_day, report, hours))


def _of_both(response: Response[Document]) -> Response[Document]:
    response.headers["Vary"] = "Accept"
    return response


def _picture(request: ShopRequest, drawn: bytes) -> Response[None]:
    return show_file(request, drawn, _SVG, **{"Content-Security-Policy": _SVG_POLICY})
