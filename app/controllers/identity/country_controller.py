"""Routes of countries."""

from litestar import Controller, Response, get
from litestar.params import FromPath

from app.errors import CountryNotFound
from app.schemas.identity.address_format_schema import AddressFormat
from app.security.principal import Access
from app.web.rendering.responses import lasting_response
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.areas.identity import AddressFormats


class CountryController(Controller):
    """Countries."""

    path = "/countries"
    tags = ["users"]

    @get(
        "/{country:str}/address-format",
        summary="Show the form of a country's addresses",
        opt=declared(CountryNotFound, access=Access.PUBLIC),
    )
    async def read_format(
        self, request: ShopRequest, country: FromPath[str], address_formats: AddressFormats
    ) -> Response[AddressFormat]:
        """Return the fields of an address in their order, and the regions from which to choose."""
        return lasting_response(request, address_formats.of_country(country))
