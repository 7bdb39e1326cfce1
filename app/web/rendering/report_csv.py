"""Daily reports as CSV (RFC 4180), streamed because a day may have a million lines."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from datetime import date
from typing import Any, cast

from litestar import Response
from litestar.response import Stream

from app.core.money import format_minor
from app.schemas.csv_cells import BYTE_ORDER_MARK, csv_text, inert
from app.schemas.reports.report_schema import ReportSummary
from app.services.reports.report_service import ReportService
from app.web.rendering.responses import has_tag
from app.web.request import ShopRequest
from app.wiring.areas.reports import provide_reports
from app.wiring.resources import Shop

CSV = "text/csv"
_JSON = "application/json"
_AT_ONCE = 1_000
_LINE = (
    "report_at",
    "report_id",
    "order_id",
    "order_number",
    "placed_at",
    "count_product",
    "total",
)
_PRODUCT = (
    "report_at",
    "product_id",
    "sku",
    "name",
    "units",
    "gross",
    "cancelled_units",
    "cancelled",
)

Next = Callable[[ReportService, date, Any, int], Awaitable[Sequence[Any]]]


def prefers_csv(request: ShopRequest) -> bool:
    """Return whether the caller prefers CSV to JSON."""
    return request.accept.best_match([_JSON, CSV], default=_JSON) == CSV


def lines_as_csv(request: ShopRequest, shop: Shop, report: ReportSummary) -> Response[Any]:
    """Return all lines of a report."""

    def cells(row: Any) -> Iterable[object]:
        return (
            row.report_day,
            row.id,
            row.order_id,
            row.order_number,
            row.placed_at.isoformat(),
            row.units,
            format_minor(row.total_minor, report.currency),
        )

    return _answer(request, report, "orders", _LINE, cells, shop, ReportService.lines_after)


def products_as_csv(request: ShopRequest, shop: Shop, report: ReportSummary) -> Response[Any]:
    """Return all products of a report."""

    def cells(row: Any) -> Iterable[object]:
        return (
            row.report_day,
            row.product_id,
            inert(row.sku),
            inert(row.name),
            row.units,
            format_minor(row.gross_minor, report.currency),
            row.cancelled_units,
            format_minor(row.cancelled_minor, report.currency),
        )

    return _answer(request, report, "products", _PRODUCT, cells, shop, ReportService.products_after)


def _answer(
    request: ShopRequest,
    report: ReportSummary,
    kind: str,
    names: Sequence[str],
    cells: Callable[[Any], Iterable[object]],
    shop: Shop,
    following: Next,
) -> Response[Any]:
    headers = {
        # The tag uses other digits than before the files had a byte order mark, so that old copies
        # are not reused.
        "ETag": f'"{report.digest[20:40]}{report.version:04x}"',
        "Cache-Control": "private, no-cache",
        "Content-Disposition": f'attachment; filename="report-{report.day}-{kind}.csv"',
        "Vary": "Accept",
    }
    if has_tag(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(None, status_code=304, headers=headers)
    parts = _parts(shop, report.day, names, cells, following)
    return cast("Response[Any]", Stream(parts, media_type=CSV, headers=headers))


async def _parts(
    shop: Shop,
    day: date,
    names: Sequence[str],
    cells: Callable[[Any], Iterable[object]],
    following: Next,
) -> AsyncIterator[str]:
    yield BYTE_ORDER_MARK + csv_text([names])
    last = None
    while True:
        # The session of the request is closed before the response is sent.
        async with shop.database.read() as session:
            rows = await following(provide_reports(session, shop), day, last, _AT_ONCE)
        if not rows:
            return
        yield csv_text(cells(row) for row in rows)
        last = rows[-1]
