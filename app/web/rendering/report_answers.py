"""Responses with a daily report: JSON or CSV, as the caller prefers, or an SVG chart."""

import asyncio
from collections.abc import Sequence
from datetime import date

from litestar import Response

from app.schemas.reports.report_schema import (
    ReportLineQuery,
    ReportProductPage,
    ReportProductQuery,
    ReportRead,
    ReportSummary,
)
from app.services.reports.report_service import ReportService
from app.web.rendering.report_csv import lines_as_csv, prefers_csv, products_as_csv
from app.web.rendering.responses import Document, file_response, json_response
from app.web.request import ShopRequest
from app.wiring.resources import Shop

SVG = "image/svg+xml"
# The chart contains its styles, and loads nothing else.
_SVG_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; "
    "sandbox"
)


async def show_report(
    request: ShopRequest, shop: Shop, reports: ReportService, day: date, query: ReportLineQuery
) -> Response[ReportRead]:
    """Return the report of a day with a page of its lines, or all lines as CSV.

    Raises:
        ReportNotFound: the day has no report.
    """
    if prefers_csv(request):
        return lines_as_csv(request, shop, await reports.summary(day))
    return _of_both(json_response(request, await reports.get(day, query)))


async def show_products(
    request: ShopRequest, shop: Shop, reports: ReportService, day: date, query: ReportProductQuery
) -> Response[ReportProductPage]:
    """Return a page of the products of a day, or all products as CSV.

    Raises:
        ReportNotFound: the day has no report.
    """
    if prefers_csv(request):
        return products_as_csv(request, shop, await reports.summary(day))
    return _of_both(json_response(request, await reports.products(day, query)))


async def draw_days(
    request: ShopRequest,
    days: Sequence[date],
    found: Sequence[ReportSummary],
    *,
    is_narrow: bool = False,
) -> Response[None]:
    """Return a chart of several days, for a narrow screen if asked for."""
    # The plotting library is slow to import, and most processes never draw a chart.
    # pylint: disable-next=import-outside-toplevel
    from app.web.rendering.report_chart import NARROW, WIDE, chart_of_days

    currency = request.app.state.shop.settings.shop_currency
    width = NARROW if is_narrow else WIDE
    return _picture(request, await asyncio.to_thread(chart_of_days, days, found, currency, width))


async def draw_day(
    request: ShopRequest,
    report: ReportSummary,
    hours: Sequence[Sequence[int]],
    *,
    is_narrow: bool = False,
) -> Response[None]:
    """Return a chart of one day, for a narrow screen if asked for."""
    # pylint: disable-next=import-outside-toplevel  # as above
    from app.web.rendering.report_chart import NARROW, WIDE, chart_of_day

    width = NARROW if is_narrow else WIDE
    return _picture(request, await asyncio.to_thread(chart_of_day, report, hours, width))


def _of_both(response: Response[Document]) -> Response[Document]:
    response.headers["Vary"] = "Accept"
    return response


def _picture(request: ShopRequest, drawn: bytes) -> Response[None]:
    return file_response(request, drawn, SVG, **{"Content-Security-Policy": _SVG_POLICY})
