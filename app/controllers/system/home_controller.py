"""The route of the address of the shop itself."""

from litestar import Controller, Response, get

from app.security.principal import Access
from app.web.docs.home_page import home_response
from app.web.request import ShopRequest
from app.web.route_options import declared


class HomeController(Controller):
    """The page at `/`."""

    path = "/"
    include_in_schema = False

    @get(opt=declared(access=Access.PUBLIC, formats=("text/html",)))
    async def read(self, request: ShopRequest) -> Response[None]:
        """Return the links to all parts of the shop, as a page or as JSON."""
        return home_response(request)
