"""The tax that applies to orders."""

from collections.abc import Collection
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from app.core.addresses.rules import region_names
from app.core.calendar import ShopDays
from app.core.countries import EU_COUNTRIES, Place
from app.core.vat.numbers import country_of, is_of_member_state
from app.errors import DomainError, NotSoldToCountry, TaxUnavailable
from app.pricing.terms import Rate, Rounding, Taxes, TaxReason
from app.repositories.taxes.tax_rate_repository import Rates, TaxRateRepository
from app.schemas.taxes.tax_rate_schema import EXEMPT
from app.tables.identity import comparison_key

STANDARD = "standard"


class TaxTerms(Struct, frozen=True):
    """The terms under which a shop charges tax."""

    origin: str | None
    """The country of the shop; None if it charges no tax."""
    has_own_rates_in_eu: bool
    """Whether the rates of this country apply to deliveries within the EU."""
    refuses_abroad: bool
    """Whether orders to countries without rates are refused; otherwise they have no tax."""
    classes: tuple[str, ...]
    prices_include_tax: bool
    rounding: Rounding
    has_vat_number: bool = False
    """Whether the shop has a VAT number; otherwise those of customers change nothing."""


class TaxService:
    """Returns the rates of tax at a place and a moment."""

    def __init__(self, rates: TaxRateRepository, days: ShopDays, terms: TaxTerms) -> None:
        self._rates = rates
        self._days = days
        self._terms = terms

    @property
    def home(self) -> Place | None:
        """The place of orders without an address; None if the shop charges no tax."""
        return None if self._terms.origin is None else Place(self._terms.origin)

    async def taxes_at(
        self, places: Collection[Place], now: datetime
    ) -> dict[Place, Taxes | DomainError]:
        """Return the tax of orders to places, or the reason for a refusal."""
        taxing = {place: self._taxing(place) for place in places}
        countries = {place.country for place in taxing.values()}
        rates = await self._rates.in_force(countries, self._days.day_of(now))
        taxes = {place: self._taxes(own, rates) for place, own in taxing.items()}
        return {
            place: (
                _reverse_charged(own)
                if isinstance(own, Taxes) and self._is_reverse_charged(place)
                else own
            )
            for place, own in taxes.items()
        }

    def _is_reverse_charged(self, place: Place) -> bool:
        """Return whether a business of another member state accounts for the tax of a delivery.

        That is article 138 (1) of Directive 2006/112/EC: the goods are dispatched to another
        member state than the shop's, and the customer has indicated a VAT number of another one.
        """
        origin = self._terms.origin
        return (
            self._terms.has_vat_number
            and bool(place.vat_number)
            and origin in EU_COUNTRIES
            and place.country in EU_COUNTRIES - {origin}
            and is_of_member_state(place.vat_number)
            and country_of(place.vat_number) != origin
        )

    def _taxing(self, place: Place) -> Place:
        """Return the place whose rates apply to a delivery, or whose tax its prices include."""
        origin = self._terms.origin
        if origin is not None and self._is_reverse_charged(place):
            return Place(origin)
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


def _reverse_charged(taxes: Taxes) -> Taxes:
    """Return the tax of the shop's country, taken out of prices that include it."""
    return replace(
        taxes,
        rates={
            name: rate if rate.reason is TaxReason.EXEMPT else Rate(0, TaxReason.REVERSE_CHARGE)
            for name, rate in taxes.rates.items()
        },
        prices_include_tax=False,
        taken_out=(
            {name: rate.ppm for name, rate in taxes.rates.items()}
            if taxes.prices_include_tax
            else {}
        ),
    )


def _regional_keys(place: Place, rates: Rates) -> list[str]:
    """Return the keys by which a rate of the region of a place may be stored."""
    has_regions = any(country == place.country and region for country, region, _ in rates)
    if not place.region or not has_regions:
        return []
    return [comparison_key(each) for each in region_names(place.country, place.region)]


def _rate_of(place: Place, tax_class: str, rates: Rates) -> Rate | None:
    """Return the rate of a class in a region or else in its country, if there is one."""
    if tax_class == EXEMPT:
        return Rate(0, TaxReason.EXEMPT)
    for region in (*_regional_keys(place, rates), ""):
        if (ppm := rates.get((place.country, region, tax_class))) is not None:
            return Rate(ppm)
    return None
