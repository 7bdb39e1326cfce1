"""Routes of rates of tax."""

from uuid import UUID

from litestar import Controller, Response, delete, get, post
from litestar.params import FromPath, JSONBody, QueryParams

from app.errors import TaxRateExists, TaxRateNotFound
from app.schemas.taxes.tax_rate_schema import (
    TaxRateCreate,
    TaxRatePage,
    TaxRateQuery,
    TaxRateRead,
)
from app.security.areas.taxes import TaxesScope
from app.security.principal import Access
from app.web.rendering.responses import created_response, json_response
from app.web.request import ShopRequest
from app.web.route_options import declared
from app.wiring.areas.taxes import TaxRates


class TaxRateController(Controller):
    """Rates of tax."""

    path = "/tax-rates"
    tags = ["taxes"]

    @get(
        summary="List tax rates",
        opt=declared(access=Access.STAFF, scope=TaxesScope.SETTINGS_READ, query=TaxRateQuery),
    )
    async def find(
        self, request: ShopRequest, query: QueryParams, tax_rates: TaxRates
    ) -> Response[TaxRatePage]:
        """Return a page of rates of tax, newest first."""
        asked = TaxRateQuery.parse_query(query.multi_items())
        return json_response(request, await tax_rates.find(asked))

    @post(
        summary="Add a tax rate",
        opt=declared(TaxRateExists, access=Access.ADMIN, scope=TaxesScope.SETTINGS_WRITE),
    )
    async def add(
        self, request: ShopRequest, data: JSONBody[TaxRateCreate], tax_rates: TaxRates
    ) -> Response[TaxRateRead]:
        """Add a rate of tax, which applies to orders from its first day on."""
        added = await tax_rates.add(request.caller, data)
        return created_response(added, f"/api/v1/tax-rates?country={added.country}")

    @delete(
        "/{tax_rate_id:uuid}",
        summary="Delete a tax rate",
        opt=declared(TaxRateNotFound, access=Access.ADMIN, scope=TaxesScope.SETTINGS_WRITE),
    )
    async def delete(
        self, request: ShopRequest, tax_rate_id: FromPath[UUID], tax_rates: TaxRates
    ) -> None:
        """Delete a rate of tax; the previous one applies again, and orders keep their tax."""
        await tax_rates.delete(request.caller, tax_rate_id)
