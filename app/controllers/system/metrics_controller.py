"""Where Prometheus finds the figures of a process."""

from litestar import Controller, Response, get

from app.security.areas.system import SystemScope
from app.security.principal import Access
from app.web.middleware.authentication import Authentication
from app.web.rendering.metrics import MEDIA_TYPE, Metrics
from app.web.request import ShopRequest
from app.web.route_options import declared


class MetricsController(Controller):
    """The figures of a process."""

    path = "/metrics"
    middleware = [Authentication]
    include_in_schema = False

    @get(opt=declared(access=Access.STAFF, scope=SystemScope.METRICS_READ))
    async def read(self, request: ShopRequest) -> Response[bytes]:
        """Tell what is counted; how much a shop sells is not for everybody to know."""
        metrics: Metrics = request.app.state.metrics
        return Response(await metrics.render(), media_type=MEDIA_TYPE)
