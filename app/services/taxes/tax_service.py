"""The tax that applies to orders."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from app.core.calendar import ShopDays
from app.core.countries import EU_COUNTRIES, Place
from app.errors import DomainError, NotSoldToCountry, TaxUnavailable
from app.pricing.terms import Rate, Rounding, Taxes, TaxReason
from app.repositories.taxes.tax_rate_repository import Rates, TaxRateRepository
from app.tables.identity import comparison_key

STANDARD, EXEMPT = "standard", "exempt"


@dataclass(frozen=True, slots=True)
class TaxTerms:
    """How a shop charges tax."""

    origin: str | None
    """Its country; None if it charges no tax."""
    has_own_rates_in_eu: bool
    """Whether its own country's rates apply to deliveries within the EU."""
    refuses_abroad: bool
    """Whether it refuses orders to countries without rates, which else have no tax."""
    classes: tuple[str, ...]
    prices_include_tax: bool
    rounding: Rounding


class TaxService:
    """Returns the rates of tax at a place and a moment."""

    def __init__(self, rates: TaxRateRepository, days: ShopDays, terms: TaxTerms) -> None:
        self._rates = rates
        self._days = days
        self._terms = terms

    @property
    def home(self) -> Place | None:
        """Where orders without an address are; None if the shop charges no tax."""
        return None if self._terms.origin is None else Place(self._terms.origin)

    async def taxes_at(
        self, places: Collection[Place], now: datetime
    ) -> dict[Place, Taxes | DomainError]:
        """Return the tax of orders to places, or why they are refused."""
        taxing = {place: self._taxing(place) for place in places}
        countries = {place.country for place in taxing.values()}
        rates = await self._rates.in_force(countries, self._days.day_of(now))
        return {place: self._taxes(own, rates) for place, own in taxing.items()}

    def _taxing(self, place: Place) -> Place:
        """Return the place whose rates apply to a delivery."""
        origin = self._terms.origin
        if origin is None or not self._terms.has_own_rates_in_eu:
            return place
        return Place(origin) if {origin, place.country} <= EU_COUNTRIES else place

    def _taxes(self, place: Place, rates: Rates) -> Taxes | DomainError:
        standard = _rate_of(place, STANDARD, rates)
        if standard is not None:
            found = {each: _rate_of(place, each, rates) or standard for each in self._terms.classes}
        elif place.country == self._terms.origin:
            return TaxUnavailable(
                f"there is no standard rate of tax of {place}", country=place.country
            )
        elif self._terms.refuses_abroad:
            return NotSoldToCountry(f"the shop does not sell to {place}", country=place.country)
        else:
            found = dict.fromkeys(self._terms.classes, Rate(0, TaxReason.EXPORT))
        return Taxes(found, self._terms.prices_include_tax, self._terms.rounding)


def _rate_of(place: Place, tax_class: str, rates: Rates) -> Rate | None:
    """Return the rate of a class in a region or else in its country, if there is one."""
    if tax_class == EXEMPT:
        return Rate(0, TaxReason.EXEMPT)
    for region in (comparison_key(place.region), ""):
        if (ppm := rates.get((place.country, region, tax_class))) is not None:
            return Rate(ppm)
    return None
