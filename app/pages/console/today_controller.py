"""The first page of the console: what waits for staff today."""

from litestar import Controller, Response, get

from app.pages.rendering import HTML, page
from app.security.principal import Access
from app.web.request import ShopRequest
from app.web.route_options import declared


class TodayController(Controller):
    """The first page of the console."""

    path = "/console"
    include_in_schema = False

    @get(opt=declared(access=Access.STAFF, formats=(HTML,)))
    async def show(self, request: ShopRequest) -> Response[bytes]:
        """Show what waits."""
        return page(request, "console/today.html")
