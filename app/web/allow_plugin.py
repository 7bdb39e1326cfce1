"""What a resource says of its methods in answer to OPTIONS."""

from litestar.plugins import ReceiveRoutePlugin
from litestar.routes import BaseRoute, HTTPRoute


class AllowPlugin(ReceiveRoutePlugin):
    """Lets the answers to OPTIONS name every method of their path (RFC 9110, section 10.2.1).

    The framework makes a path's route anew for each further handler, and keeps the answer of the
    first one, which knows of the first handler only.
    """

    def receive_route(self, route: BaseRoute) -> None:
        """Answer from the route that is in use."""
        if isinstance(route, HTTPRoute):
            handler, _ = route.route_handler_map["OPTIONS"]
            handler(route.create_options_handler(route.path).fn)
