"""Routes of daily reports."""

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
from app.web.rendering.report_answers import (
    SVG,
    draw_day,
    draw_days,
    show_products,
    show_report,
)
from app.web.rendering.report_csv import CSV
from app.web.rendering.responses import json_response, operation_response
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.areas.reports import Reports
from app.wiring.resources import Shop


class ReportController(Controller):
    """Daily sales reports."""

    path = "/reports"
    tags = ["reports"]

    @get(
        summary="List reports",
        opt=declared(access=Access.STAFF, scope=ReportsScope.REPORTS_READ, query=ReportQuery),
    )
    async def find(
        self, request: ShopRequest, query: QueryParams, reports: Reports
    ) -> Response[ReportPage]:
        """Return a page of daily reports by period, newest first."""
        return json_response(
            request, await reports.find(ReportQuery.parse_query(query.multi_items()))
        )

    @post(
        status_code=202,
        summary="Make a report",
        opt=declared(DayNotOver, access=Access.STAFF, scope=ReportsScope.REPORTS_WRITE),
    )
    async def ask(
        self, request: ShopRequest, data: JSONBody[ReportOrder], reports: Reports
    ) -> Response[OperationRead]:
        """Create the report of a day now; a report that would not change is kept."""
        return operation_response(request, await reports.ask(request.caller, data.day))

    @get(
        "/chart.svg",
        summary="Draw days",
        opt=declared(
            access=Access.STAFF,
            scope=ReportsScope.REPORTS_READ,
            query=ChartQuery,
            formats=(SVG,),
        ),
    )
    async def draw_days(
        self, request: ShopRequest, query: QueryParams, reports: Reports
    ) -> Response[None]:
        """Draw revenue and orders of a period, or of the last 30 completed days."""
        asked = ChartQuery.parse_query(query.multi_items())
        return await draw_days(request, *await reports.period(asked))

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
        """Return the report of a day with a page of its lines, or all lines as CSV."""
        asked = ReportLineQuery.parse_query(query.multi_items())
        return await show_report(request, shop, reports, day, asked)

    @get(
        "/{day:date}/products",
        summary="List the products sold on a day",
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
        """Return a page of the products sold on a day, best-selling first, or all as CSV."""
        asked = ReportProductQuery.parse_query(query.multi_items())
        return await show_products(request, shop, reports, day, asked)

    @get(
        "/{day:date}/chart.svg",
        summary="Draw a day",
        opt=declared(
            ReportNotFound, access=Access.STAFF, scope=ReportsScope.REPORTS_READ, formats=(SVG,)
        ),
    )
    async def draw_day(
        self, request: ShopRequest, day: FromPath[date], reports: Reports
    ) -> Response[None]:
        """Draw revenue and orders of a day by the hour."""
        return await draw_day(request, *await reports.hours(day))
