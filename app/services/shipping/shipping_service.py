"""The shipping methods that fit a cart, and their prices."""

import re
from collections.abc import Collection
from uuid import UUID

from msgspec import Struct

from app.core.addresses.rules import bare_postal_code, region_names
from app.core.countries import Place
from app.models import ShippingMethod
from app.pricing.shipping import price_for
from app.pricing.terms import Shipping, ShippingRate
from app.repositories.shipping.shipping_method_repository import ShippingMethodRepository
from app.tables.identity import comparison_key

# A prefix of a postal code, as in D-27498; not every country's rules name it.
_COUNTRY = re.compile(r"^[A-Z]{1,3}-(?=[0-9])")


class Parcel(Struct, frozen=True):
    """The goods to be shipped."""

    currency: str
    weight_grams: int
    subtotal_minor: int
    """The price of the goods before discounts."""
    discounted_minor: int
    """The price of the goods after discounts."""


class Offered(Struct, frozen=True):
    """A shipping method that fits, and its price before promotions and tax."""

    method: ShippingMethod
    price_minor: int


class ShippingService:
    """Returns the shipping methods of a cart."""

    def __init__(self, methods: ShippingMethodRepository) -> None:
        self._methods = methods

    async def methods_for(self, place: Place | None, parcel: Parcel) -> list[Offered]:
        """Return the fitting methods in their order; without a place, those to any place."""
        found: list[Offered] = []
        for each in await self._methods.active():
            shipping = terms_of(each, parcel.currency)
            before = shipping.counts_before_discounts
            counted = parcel.subtotal_minor if before else parcel.discounted_minor
            price = price_for(shipping, parcel.weight_grams, counted)
            if price is not None and (place is None or ships_to(each, place)):
                found.append(Offered(each, price))
        return found

    async def has_methods(self) -> bool:
        """Return whether customers can choose a method."""
        return await self._methods.has_active()

    async def methods_of(self, ids: Collection[UUID]) -> dict[UUID, ShippingMethod]:
        """Return the methods that exist."""
        return await self._methods.of_ids(ids) if ids else {}


def terms_of(method: ShippingMethod, currency: str) -> Shipping:
    """Return the terms of a method in a currency; without rates in it, no cart fits."""
    rates = tuple(
        ShippingRate(each.amount_minor, each.from_weight_grams, each.from_subtotal_minor)
        for each in method.rates
        if each.currency == currency
    )
    return Shipping(
        rates, method.tax_class, method.counts_before_discounts, method.max_weight_grams
    )


def ships_to(method: ShippingMethod, place: Place) -> bool:
    """Return whether a method ships to a place."""
    if method.countries and place.country not in method.countries:
        return False
    if regions := {comparison_key(each) for each in method.regions}:
        names = region_names(place.country, place.region)
        if regions.isdisjoint(map(comparison_key, names)):
            return False
    if not method.excluded_postal_prefixes:
        return True
    prefixes = tuple(_bare(each) for each in method.excluded_postal_prefixes)
    code = _COUNTRY.sub("", bare_postal_code(place.country, place.postal_code))
    return not _bare(code).startswith(prefixes)


def _bare(postal_code: str) -> str:
    """Return a postal code without spaces and hyphens, in upper case."""
    return postal_code.replace(" ", "").replace("-", "").upper()
