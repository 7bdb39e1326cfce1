"""The route of the metrics of a process, for Prometheus."""

from litestar import Controller, Response, get

from app.security.areas.system import SystemScope
from app.security.principal import Access
from app.web.middleware.authentication import Authentication
from app.web.rendering.metrics import MEDIA_TYPE, Metrics
from app.web.request import ShopRequest
from app.web.route_options import declared


class MetricsController(Controller):
    """The metrics of a process."""

    path = "/metrics"
    middleware = [Authentication]
    include_in_schema = False

    @get(opt=declared(access=Access.STAFF, scope=SystemScope.METRICS_READ))
    async def read(self, request: ShopRequest) -> Response[bytes]:
        """Return the metrics; they need access because they reveal how much a shop sells."""
        metrics: Metrics = request.app.state.metrics
        return Response(await metrics.render(), media_type=MEDIA_TYPE)
