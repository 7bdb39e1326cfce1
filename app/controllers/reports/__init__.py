"""Daily reports and business metrics."""

from litestar.openapi.spec import Tag

from app.controllers.reports.report_controller import ReportController

CONTROLLERS = (ReportController,)
TAGS = (Tag("reports", "Daily sales reports."),)
