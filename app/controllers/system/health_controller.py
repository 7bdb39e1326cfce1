"""Routes of the health of the shop."""

from litestar import Controller, Response, get

from app.schemas.system.health_schema import Liveness, Readiness
from app.security.principal import Access
from app.web.rendering.responses import json_response
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.areas.system import Health


class HealthController(Controller):
    """Health of the process and of its dependencies."""

    path = "/health"
    tags = ["health"]

    @get(
        "/live",
        summary="Is the process alive?",
        opt=declared(access=Access.PUBLIC, is_health=True),
    )
    async def live(self, request: ShopRequest) -> Response[Liveness]:
        """Return 200: a process that responds is alive."""
        return json_response(request, Liveness(status="ok"))

    @get(
        "/ready",
        summary="Can the shop serve?",
        opt=declared(access=Access.PUBLIC, is_health=True),
    )
    async def ready(self, request: ShopRequest, health: Health) -> Response[Readiness]:
        """Probe every dependency; return 503 if one is down without which the shop cannot serve."""
        readiness = await health.readiness()
        return json_response(request, readiness, 503 if readiness.status == "down" else 200)
