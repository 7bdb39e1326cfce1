"""The route of the facets of products."""

from litestar import Controller, Response, get
from litestar.params import QueryParams

from app.schemas.catalogue.facet_schema import FacetList, FacetQuery
from app.security.principal import Access
from app.web.rendering.responses import cached_response
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.areas.catalogue import Facets


class FacetController(Controller):
    """Facets of products."""

    path = "/products/facets"
    tags = ["products"]

    @get(
        summary="List the facets of products",
        opt=declared(access=Access.PUBLIC, query=FacetQuery),
    )
    async def find(
        self, request: ShopRequest, query: QueryParams, facets: Facets
    ) -> Response[FacetList]:
        """Return the values that can further filter a list, with the numbers of products."""
        asked = FacetQuery.parse_query(query.multi_items())
        return cached_response(request, await facets.find(asked))
