"""Corrects the `Allow` header of responses to OPTIONS."""

from litestar.plugins import ReceiveRoutePlugin
from litestar.routes import BaseRoute, HTTPRoute


class AllowPlugin(ReceiveRoutePlugin):
    """Lets responses to OPTIONS list every method of their path (RFC 9110, section 10.2.1).

    The framework replaces the route of a path for each further handler, but keeps the OPTIONS
    handler of the first route, which lists only the methods of the first handler.
    """

    def receive_route(self, route: BaseRoute) -> None:
        """Replace the OPTIONS handler of a route by one that lists all its methods."""
        if isinstance(route, HTTPRoute):
            handler, _ = route.route_handler_map["OPTIONS"]
            handler(route.create_options_handler(route.path).fn)
