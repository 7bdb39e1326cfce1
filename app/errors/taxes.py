"""Errors about tax."""

from app.errors.base import Conflict, NotFound, Unavailable

__all__ = ["NotSoldToCountry", "TaxRateExists", "TaxRateNotFound", "TaxUnavailable"]


class TaxRateNotFound(NotFound):
    """The rate of tax does not exist."""

    code, title = "tax-rate-not-found", "Tax rate not found"


class TaxRateExists(Conflict):
    """Another rate of this place and class begins on this day."""

    code, title = "tax-rate-exists", "There is a rate from this day on"


class NotSoldToCountry(Conflict):
    """The shop has no rates of tax for the country, and does not sell there without them."""

    code, title = "not-sold-to-country", "The shop does not sell to this country"


class TaxUnavailable(Unavailable):
    """The tax of an order cannot be determined."""

    code, title = "tax-unavailable", "The tax is not known"
