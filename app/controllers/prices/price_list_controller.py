"""Routes of price lists."""

from uuid import UUID

from litestar import Controller, Response, delete, get, patch, post, put
from litestar.params import FromPath, JSONBody, QueryParams

from app.errors import DefaultPriceList, PreconditionFailed, PriceListExists, PriceListNotFound
from app.schemas.prices.price_list_schema import (
    PriceListChange,
    PriceListCreate,
    PriceListPage,
    PriceListQuery,
    PriceListRead,
)
from app.schemas.prices.price_schema import (
    PriceListPricesQuery,
    PricePage,
    PricesChange,
    PricesChanged,
)
from app.security.areas.catalogue import CatalogueScope
from app.security.areas.prices import PricesScope
from app.security.principal import Access
from app.web.rendering.responses import created_response, json_response
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.areas.prices import PriceLists


class PriceListController(Controller):
    """Price lists."""

    path = "/price-lists"
    tags = ["prices"]

    @get(
        summary="List price lists",
        opt=declared(access=Access.STAFF, scope=CatalogueScope.PRODUCTS_READ, query=PriceListQuery),
    )
    async def find(
        self, request: ShopRequest, query: QueryParams, price_lists: PriceLists
    ) -> Response[PriceListPage]:
        """Return a page of price lists, newest first."""
        asked = PriceListQuery.parse_query(query.multi_items())
        return json_response(request, await price_lists.find(asked))

    @post(
        summary="Add a price list",
        opt=declared(PriceListExists, access=Access.STAFF, scope=PricesScope.PRICES_WRITE),
    )
    async def add(
        self, data: JSONBody[PriceListCreate], price_lists: PriceLists
    ) -> Response[PriceListRead]:
        """Add a price list without prices; they count from its start to its end."""
        added = await price_lists.add(data)
        return created_response(added, f"/api/v1/price-lists/{added.id}")

    @get(
        "/{price_list_id:uuid}",
        summary="Show a price list",
        opt=declared(PriceListNotFound, access=Access.STAFF, scope=CatalogueScope.PRODUCTS_READ),
    )
    async def read(
        self, request: ShopRequest, price_list_id: FromPath[UUID], price_lists: PriceLists
    ) -> Response[PriceListRead]:
        """Return a price list."""
        return json_response(request, await price_lists.get(price_list_id))

    @patch(
        "/{price_list_id:uuid}",
        summary="Change a price list",
        opt=declared(
            PriceListNotFound,
            DefaultPriceList,
            PreconditionFailed,
            access=Access.STAFF,
            scope=PricesScope.PRICES_WRITE,
        ),
    )
    async def change(
        self,
        request: ShopRequest,
        price_list_id: FromPath[UUID],
        data: JSONBody[PriceListChange],
        price_lists: PriceLists,
    ) -> Response[PriceListRead]:
        """Change the given fields; orders, products and lists of products follow at once."""
        changed = await price_lists.change(price_list_id, data, request.if_match)
        return json_response(request, changed)

    @delete(
        "/{price_list_id:uuid}",
        summary="Delete a price list",
        opt=declared(
            PriceListNotFound,
            DefaultPriceList,
            PreconditionFailed,
            access=Access.STAFF,
            scope=PricesScope.PRICES_WRITE,
        ),
    )
    async def delete(
        self, request: ShopRequest, price_list_id: FromPath[UUID], price_lists: PriceLists
    ) -> None:
        """Delete a price list with its prices, which no longer count."""
        await price_lists.delete(price_list_id, request.if_match)

    @get(
        "/{price_list_id:uuid}/prices",
        summary="List the prices of a price list",
        opt=declared(
            PriceListNotFound,
            access=Access.STAFF,
            scope=CatalogueScope.PRODUCTS_READ,
            query=PriceListPricesQuery,
        ),
    )
    async def find_prices(
        self,
        request: ShopRequest,
        price_list_id: FromPath[UUID],
        query: QueryParams,
        price_lists: PriceLists,
    ) -> Response[PricePage]:
        """Return a page of the prices of a price list."""
        asked = PriceListPricesQuery.parse_query(query.multi_items())
        return json_response(request, await price_lists.find_prices(price_list_id, asked))

    @put(
        "/{price_list_id:uuid}/prices",
        summary="Set prices of a price list",
        opt=declared(
            PriceListNotFound,
            PreconditionFailed,
            access=Access.STAFF,
            scope=PricesScope.PRICES_WRITE,
        ),
    )
    async def set_prices(
        self,
        request: ShopRequest,
        price_list_id: FromPath[UUID],
        data: JSONBody[PricesChange],
        price_lists: PriceLists,
    ) -> Response[PricesChanged]:
        """Set the given prices, or remove those whose amount is null; all of them or none."""
        changed = await price_lists.set_prices(
            request.caller, price_list_id, data, request.if_match
        )
        return json_response(request, changed)
