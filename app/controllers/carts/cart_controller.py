"""Routes of carts."""

from uuid import UUID

from litestar import Controller, Response, get, patch, post
from litestar.params import FromPath, JSONBody

from app.errors import (
    CartClaimed,
    CartMerged,
    CartNotFound,
    CartOrdered,
    PreconditionFailed,
    ShippingMethodNotFound,
)
from app.schemas.carts.cart_schema import CartChange, CartCreate, CartRead, CartShippingMethods
from app.security.principal import Access
from app.services.carts.cart_service import OpenedCart
from app.web.cart_tokens import CART_TOKEN, visitor_of
from app.web.rendering.responses import json_response, no_store_response
from app.web.request import ShopRequest
from app.web.route_options import Answers, declared, for_guests, or_existing
from app.wiring.areas.carts import Carts, Claims


class CartController(Controller):
    """Carts."""

    path = "/carts"
    tags = ["carts"]

    @post(
        summary="Open a cart",
        opt=declared(ShippingMethodNotFound, access=Access.PUBLIC, answers=Answers.NEVER_STORED)
        | for_guests()
        | or_existing(),
    )
    async def open(
        self, request: ShopRequest, data: JSONBody[CartCreate], carts: Carts
    ) -> Response[CartRead]:
        """Open a cart; a guest gets its token in `Cart-Token`, a user always the own cart.

        If the user has a cart already, the response is 200, and the body changes that cart.
        """
        return _opened(await carts.open(visitor_of(request), data))

    @get(
        "/{cart_id:uuid}",
        summary="Show a cart",
        opt=declared(CartNotFound, CartMerged, access=Access.PUBLIC) | for_guests(),
    )
    async def read(
        self, request: ShopRequest, cart_id: FromPath[UUID], carts: Carts
    ) -> Response[CartRead]:
        """Return a cart with its current price."""
        return json_response(request, await carts.show(visitor_of(request), cart_id))

    @patch(
        "/{cart_id:uuid}",
        summary="Change a cart",
        opt=declared(
            CartNotFound,
            CartClaimed,
            CartOrdered,
            PreconditionFailed,
            ShippingMethodNotFound,
            access=Access.PUBLIC,
        )
        | for_guests(),
    )
    async def change(
        self,
        request: ShopRequest,
        cart_id: FromPath[UUID],
        data: JSONBody[CartChange],
        carts: Carts,
    ) -> Response[CartRead]:
        """Change the addresses, the shipping method, the currency and other choices."""
        changed = await carts.change(visitor_of(request), cart_id, data, request.if_match)
        return json_response(request, changed)

    @get(
        "/{cart_id:uuid}/shipping-methods",
        summary="List the shipping methods that a cart can have",
        opt=declared(CartNotFound, CartMerged, access=Access.PUBLIC) | for_guests(),
    )
    async def shipping_methods(
        self, request: ShopRequest, cart_id: FromPath[UUID], carts: Carts
    ) -> Response[CartShippingMethods]:
        """Return the methods that ship the goods to the delivery address, with their prices."""
        found = await carts.shipping_methods(visitor_of(request), cart_id)
        return json_response(request, found)

    @post(
        "/{cart_id:uuid}/claim",
        status_code=200,
        summary="Claim the cart of a guest",
        opt=declared(CartNotFound, CartOrdered, access=Access.CUSTOMER) | for_guests(),
    )
    async def claim(
        self, request: ShopRequest, cart_id: FromPath[UUID], cart_claims: Claims
    ) -> Response[CartRead]:
        """Give the cart of a guest to the user, or merge it into the cart that the user has."""
        return json_response(request, await cart_claims.claim(visitor_of(request), cart_id))


def _opened(opened: OpenedCart) -> Response[CartRead]:
    response = no_store_response(opened.cart, 201 if opened.is_new else 200)
    if opened.token is not None:
        response.headers[CART_TOKEN] = opened.token
    return response
