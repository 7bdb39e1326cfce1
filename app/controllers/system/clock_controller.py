"""Routes of the clock, which exist only where it can be moved."""

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from app.schemas.system.clock_schema import ClockMove, ClockRead
from app.security.principal import Access
from app.web.rendering.responses import json_response
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.resources import Shop


class ClockController(Controller):
    """The time of the shop, for tests and demos."""

    path = "/clock"
    tags = ["health"]

    @get(summary="Show the time", opt=declared(access=Access.ADMIN))
    async def read(self, request: ShopRequest, shop: NamedDependency[Shop]) -> Response[ClockRead]:
        """Return the current time of the shop."""
        return json_response(request, ClockRead(now=shop.clock.now()))

    @post(status_code=200, summary="Move the time", opt=declared(access=Access.ADMIN))
    async def move(
        self, request: ShopRequest, data: JSONBody[ClockMove], shop: NamedDependency[Shop]
    ) -> Response[ClockRead]:
        """Move the time of every process that shares the shop's data directory."""
        shop.clock.move(data.by)
        return json_response(request, ClockRead(now=shop.clock.now()))
