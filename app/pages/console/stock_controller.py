"""The pages of stock: the low variants, and the stock movements of a variant."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath
from pydantic import Field

from app.errors import InsufficientStock, InvalidInput, PreconditionFailed, VariantNotFound
from app.pages.console.asked import address_without_cursor, asked, filters_of
from app.pages.forms import form_of
from app.pages.rendering import HTML, document_of, page, see
from app.schemas.base import Schema, etag_of
from app.schemas.catalogue.stock_schema import Note, StockMovementCreate, StockMovementQuery
from app.schemas.catalogue.variant_schema import (
    MAX_QUANTITY,
    StockQuantity,
    VariantChange,
    VariantQuery,
)
from app.schemas.fields import WHOLE
from app.security.principal import Access
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.areas.catalogue import Stock, Variants

STOCK = "/console/stock"


class ReceiptForm(Schema):
    """The units of a delivery."""

    units: Annotated[int, Field(strict=True, ge=1, le=MAX_QUANTITY), WHOLE] = Field(
        description="The units.", examples=[25]
    )
    note: Note = Field(default="", description="The source of the units.", examples=["DN-2041"])


class CountForm(Schema):
    """The units that were counted."""

    counted: StockQuantity = Field(description="The units.", examples=[40])


class StockPages(Controller):
    """The pages of stock."""

    path = STOCK
    include_in_schema = False

    @get(opt=declared(InvalidInput, access=Access.STAFF, formats=(HTML,)))
    async def find(self, request: ShopRequest, variants: Variants) -> Response[bytes]:
        """Show the low variants, the longest first, or those of another filter."""
        filters = filters_of(request)
        query = asked(request, VariantQuery)
        if not filters:
            query = query.model_copy(update={"stock": "low", "sort": "low_since"})
        return page(
            request,
            "console/stock.html",
            variants=document_of(await variants.find(query)),
            filters=filters,
            list_address=address_without_cursor(request),
        )

    @get(
        "/{variant_id:uuid}",
        opt=declared(VariantNotFound, InvalidInput, access=Access.STAFF, formats=(HTML,)),
    )
    async def show(
        self, request: ShopRequest, variant_id: FromPath[UUID], variants: Variants, stock: Stock
    ) -> Response[bytes]:
        """Show the stock of a variant and its movements."""
        variant = await variants.get(variant_id)
        movements = await stock.of_variant(variant_id, asked(request, StockMovementQuery))
        return page(
            request,
            "console/stock_of_variant.html",
            variant=document_of(variant),
            version=etag_of(variant.to_json()),
            movements=document_of(movements),
            list_address=address_without_cursor(request),
        )

    @post(
        "/{variant_id:uuid}/receive",
        opt=declared(VariantNotFound, InsufficientStock, access=Access.STAFF),
    )
    async def receive(
        self, request: ShopRequest, variant_id: FromPath[UUID], stock: Stock
    ) -> Response[bytes]:
        """Add the units of a delivery."""
        entered = form_of(request, ReceiptForm, whole=("units",))
        supply = StockMovementCreate(
            quantity=entered.units, reason="supply", note=entered.note or request.caller.name
        )
        await stock.move_of_variant(request.caller, variant_id, supply)
        return see(f"{STOCK}/{variant_id}")

    @post(
        "/{variant_id:uuid}/correct",
        opt=declared(VariantNotFound, PreconditionFailed, access=Access.STAFF),
    )
    async def correct(
        self, request: ShopRequest, variant_id: FromPath[UUID], variants: Variants
    ) -> Response[bytes]:
        """Set the stock to a counted number, unless it changed since the page was shown."""
        counted = form_of(request, CountForm, whole=("counted",)).counted
        change = VariantChange(stock_quantity=counted)
        await variants.change(request.caller, variant_id, change, request.if_match)
        return see(f"{STOCK}/{variant_id}")
