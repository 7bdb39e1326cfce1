"""Routes of the lines and the codes of carts."""

from uuid import UUID

from litestar import Controller, Response, delete, post, put
from litestar.params import FromPath, JSONBody, QueryParams

from app.errors import (
    CartClaimed,
    CartFull,
    CartNotFound,
    CartOrdered,
    CodeUnknown,
    InvalidInput,
    NotSoldInCurrency,
    PreconditionFailed,
    ProductNotForSale,
    ProductNotFound,
    VariantNotFound,
    VariantRequired,
)
from app.schemas.carts.cart_schema import CartRead, CodeEnter, CodeQuery
from app.schemas.carts.line_schema import CartLineChange, CartLineCreate
from app.security.principal import Access
from app.web.cart_tokens import visitor_of
from app.web.rendering.responses import json_response
from app.web.request import ShopRequest
from app.web.route_options import declared, for_guests
from app.wiring.areas.carts import Carts, Codes


class CartLineController(Controller):
    """Lines of carts."""

    path = "/carts/{cart_id:uuid}/lines"
    tags = ["carts"]

    @post(
        status_code=200,
        summary="Add units to a cart",
        opt=declared(
            CartNotFound,
            CartClaimed,
            CartOrdered,
            PreconditionFailed,
            CartFull,
            ProductNotFound,
            VariantNotFound,
            VariantRequired,
            ProductNotForSale,
            NotSoldInCurrency,
            access=Access.PUBLIC,
        )
        | for_guests(),
    )
    async def add(
        self,
        request: ShopRequest,
        cart_id: FromPath[UUID],
        data: JSONBody[CartLineCreate],
        carts: Carts,
    ) -> Response[CartRead]:
        """Add units of a product with one variant, or of a variant, to the cart."""
        changed = await carts.add_units(visitor_of(request), cart_id, data, request.if_match)
        return json_response(request, changed)

    @put(
        "/{variant_id:uuid}",
        summary="Set the units of a line",
        opt=declared(
            CartNotFound,
            CartClaimed,
            CartOrdered,
            PreconditionFailed,
            CartFull,
            VariantNotFound,
            ProductNotForSale,
            NotSoldInCurrency,
            access=Access.PUBLIC,
        )
        | for_guests(),
    )
    async def set_units(
        self,
        request: ShopRequest,
        cart_id: FromPath[UUID],
        variant_id: FromPath[UUID],
        data: JSONBody[CartLineChange],
        carts: Carts,
    ) -> Response[CartRead]:
        """Set the number of units of a variant in the cart; the request can be repeated."""
        changed = await carts.set_units(
            visitor_of(request), cart_id, variant_id, data.quantity, request.if_match
        )
        return json_response(request, changed)

    @delete(
        "/{variant_id:uuid}",
        summary="Remove a line",
        opt=declared(
            CartNotFound, CartClaimed, CartOrdered, PreconditionFailed, access=Access.PUBLIC
        )
        | for_guests(),
    )
    async def remove(
        self,
        request: ShopRequest,
        cart_id: FromPath[UUID],
        variant_id: FromPath[UUID],
        carts: Carts,
    ) -> None:
        """Remove the line of a variant, if the cart has one."""
        await carts.remove_line(visitor_of(request), cart_id, variant_id, request.if_match)


class CartCodeController(Controller):
    """Codes in carts."""

    path = "/carts/{cart_id:uuid}/codes"
    tags = ["carts"]

    @post(
        status_code=200,
        summary="Enter a code",
        opt=declared(
            CartNotFound,
            CartClaimed,
            CartOrdered,
            PreconditionFailed,
            CartFull,
            CodeUnknown,
            access=Access.PUBLIC,
        )
        | for_guests(),
    )
    async def enter(
        self,
        request: ShopRequest,
        cart_id: FromPath[UUID],
        data: JSONBody[CodeEnter],
        cart_codes: Codes,
    ) -> Response[CartRead]:
        """Enter the code of a coupon; if it does not apply, a notice says why."""
        entered = await cart_codes.enter(visitor_of(request), cart_id, data.code, request.if_match)
        return json_response(request, entered)

    @delete(
        summary="Remove a code from a cart",
        opt=declared(
            InvalidInput,
            CartNotFound,
            CartClaimed,
            CartOrdered,
            PreconditionFailed,
            access=Access.PUBLIC,
            query=CodeQuery,
        )
        | for_guests(),
    )
    async def remove(
        self,
        request: ShopRequest,
        cart_id: FromPath[UUID],
        query: QueryParams,
        cart_codes: Codes,
    ) -> None:
        """Remove a code from a cart, if the cart has it."""
        code = CodeQuery.parse_query(query.multi_items()).code
        await cart_codes.remove(visitor_of(request), cart_id, code, request.if_match)
