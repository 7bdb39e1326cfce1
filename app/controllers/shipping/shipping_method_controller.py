"""Routes of shipping methods."""

from uuid import UUID

from litestar import Controller, Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParams

from app.errors import PreconditionFailed, ShippingMethodNotFound
from app.schemas.shipping.shipping_method_schema import (
    ShippingMethodChange,
    ShippingMethodCreate,
    ShippingMethodPage,
    ShippingMethodQuery,
    ShippingMethodRead,
)
from app.security.areas.taxes import TaxesScope
from app.security.principal import Access
from app.web.rendering.responses import created_response, json_response
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.areas.shipping import ShippingMethods


class ShippingMethodController(Controller):
    """Shipping methods."""

    path = "/shipping-methods"
    tags = ["shipping"]

    @get(
        summary="List shipping methods",
        opt=declared(
            access=Access.STAFF, scope=TaxesScope.SETTINGS_READ, query=ShippingMethodQuery
        ),
    )
    async def find(
        self, request: ShopRequest, query: QueryParams, shipping_methods: ShippingMethods
    ) -> Response[ShippingMethodPage]:
        """Return a page of shipping methods, by their positions."""
        asked = ShippingMethodQuery.parse_query(query.multi_items())
        return json_response(request, await shipping_methods.find(asked))

    @post(
        summary="Add a shipping method",
        opt=declared(access=Access.ADMIN, scope=TaxesScope.SETTINGS_WRITE),
    )
    async def add(
        self,
        request: ShopRequest,
        data: JSONBody[ShippingMethodCreate],
        shipping_methods: ShippingMethods,
    ) -> Response[ShippingMethodRead]:
        """Add a shipping method with its rates."""
        added = await shipping_methods.add(request.caller, data)
        return created_response(added, f"/api/v1/shipping-methods/{added.id}")

    @get(
        "/{shipping_method_id:uuid}",
        summary="Show a shipping method",
        opt=declared(ShippingMethodNotFound, access=Access.STAFF, scope=TaxesScope.SETTINGS_READ),
    )
    async def read(
        self,
        request: ShopRequest,
        shipping_method_id: FromPath[UUID],
        shipping_methods: ShippingMethods,
    ) -> Response[ShippingMethodRead]:
        """Return a shipping method with its rates."""
        return json_response(request, await shipping_methods.get(shipping_method_id))

    @patch(
        "/{shipping_method_id:uuid}",
        summary="Change a shipping method",
        opt=declared(
            ShippingMethodNotFound,
            PreconditionFailed,
            access=Access.ADMIN,
            scope=TaxesScope.SETTINGS_WRITE,
        ),
    )
    async def change(
        self,
        request: ShopRequest,
        shipping_method_id: FromPath[UUID],
        data: JSONBody[ShippingMethodChange],
        shipping_methods: ShippingMethods,
    ) -> Response[ShippingMethodRead]:
        """Change the given fields; given rates replace all rates."""
        changed = await shipping_methods.change(
            request.caller, shipping_method_id, data, request.if_match
        )
        return json_response(request, changed)

    @delete(
        "/{shipping_method_id:uuid}",
        summary="Delete a shipping method",
        opt=declared(
            ShippingMethodNotFound,
            PreconditionFailed,
            access=Access.ADMIN,
            scope=TaxesScope.SETTINGS_WRITE,
        ),
    )
    async def delete(
        self,
        request: ShopRequest,
        shipping_method_id: FromPath[UUID],
        shipping_methods: ShippingMethods,
    ) -> None:
        """Delete a shipping method with its rates."""
        await shipping_methods.delete(request.caller, shipping_method_id, request.if_match)
