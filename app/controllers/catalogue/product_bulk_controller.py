"""The route for many products at once."""

from litestar import Controller, Response, post
from litestar.params import JSONBody

from app.schemas.data.bulk_schema import ProductBulk
from app.schemas.messaging.operation_schema import OperationRead
from app.security.areas.catalogue import CatalogueScope
from app.security.principal import Access
from app.web.rendering.responses import operation_response
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.areas.messaging import Operations


class ProductBulkController(Controller):
    """Many products at once."""

    path = "/products"
    tags = ["products"]

    @post(
        "/bulk",
        status_code=202,
        summary="Add and change many products",
        opt=declared(access=Access.STAFF, scope=CatalogueScope.PRODUCTS_WRITE),
    )
    async def apply(
        self,
        request: ShopRequest,
        data: JSONBody[ProductBulk],  # pylint: disable=unused-argument  # validated as a whole
        operations: Operations,
    ) -> Response[OperationRead]:
        """Add the variants whose SKU is new, and change the others, in the background.

        The result of the operation has an entry for each row in `rows`: its `index`, its `status`
        (`created`, `changed`, `unchanged` or `refused`), `id` and `product_id`, or the `problem`. A
        refused row does not affect the others.
        """
        operation = await operations.begin(request.caller, "product_bulk", await request.body())
        return operation_response(request, operation)
