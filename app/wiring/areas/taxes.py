"""Builds the services of tax."""

from litestar.di import NamedDependency, Provide
from sqlalchemy.ext.asyncio import AsyncSession

from app.repositories.taxes.tax_rate_repository import TaxRateRepository
from app.services.taxes.tax_rate_service import TaxRateService
from app.services.taxes.tax_service import TaxService, TaxTerms
from app.wiring.areas.system import provide_audit
from app.wiring.resources import Shop


def provide_taxes(session: AsyncSession, shop: Shop) -> TaxService:
    """Return the service that returns the tax of orders."""
    settings = shop.settings
    terms = TaxTerms(
        origin=settings.tax_origin,
        has_own_rates_in_eu=settings.tax_mode == "origin",
        refuses_abroad=settings.tax_abroad == "refuse",
        classes=settings.tax_classes,
        prices_include_tax=settings.prices_include_tax,
        rounding=settings.tax_rounding,
        has_vat_number=settings.shop_vat_id is not None,
    )
    return TaxService(TaxRateRepository(session), shop.days, terms)


def provide_tax_rates(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> TaxRateService:
    """Return the service of rates of tax."""
    return TaxRateService(TaxRateRepository(session), provide_audit(session, shop), shop.clock)


TaxRates = NamedDependency[TaxRateService]

DEPENDENCIES = {"tax_rates": Provide(provide_tax_rates, sync_to_thread=False)}
