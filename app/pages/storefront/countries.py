"""The choice of a country, which decides on the fields of an address."""

from typing import Any

from litestar import Controller, post

from app.documents.wording import wording_of
from app.pages.problems import page_again
from app.pages.rendering import document_of, page_state
from app.security.principal import Access
from app.services.identity.address_format_service import AddressFormatService
from app.web.request import ShopRequest
from app.web.route_options import Answers, declared


class CountryController(Controller):
    """The choice of the country in the form of an address."""

    path = "/country"
    include_in_schema = False

    @post(opt=declared(access=Access.PUBLIC, answers=Answers.NEVER_STORED), status_code=200)
    async def choose(self, request: ShopRequest) -> Any:
        """Show the page of the form with the fields of the country, and the typed values."""
        return page_again(request)


def country_values(
    request: ShopRequest, address_formats: AddressFormatService, before: str, known: str
) -> dict[str, Any]:
    """Return the values for the fields of an address; `before` is the prefix of their names.

    The country is the typed one, that of the query, or the known one.

    Raises:
        CountryNotFound: no country has this code.
    """
    shown = page_state(request).refused
    typed = {} if shown is None else dict(shown.fields)
    country = typed.get(f"{before}country") or request.query_params.get("country") or known
    return {
        "before": before,
        "country": country,
        "countries": sorted(wording_of(None).countries.items(), key=lambda each: each[1]),
        "fields": document_of(address_formats.of_country(country)) if country else None,
    }
