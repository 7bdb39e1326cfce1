"""Rates of tax."""

from litestar.openapi.spec import Tag

from app.controllers.taxes.tax_rate_controller import TaxRateController

CONTROLLERS = (TaxRateController,)
TAGS = (Tag("taxes", "Rates of tax by country, class and day."),)
