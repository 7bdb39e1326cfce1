"""The route of the export of products."""

from typing import cast

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.response import Stream

from app.security.areas.catalogue import CatalogueScope
from app.security.principal import Access
from app.web.rendering.report_csv import CSV
from app.web.route_options import declared
from app.wiring.areas.data import provide_product_export
from app.wiring.resources import Shop


class ProductExportController(Controller):
    """All products as a file."""

    path = "/products"
    tags = ["products"]

    @get(
        "/export",
        summary="Export products",
        opt=declared(access=Access.STAFF, scope=CatalogueScope.PRODUCTS_READ, formats=(CSV,)),
    )
    async def export(self, shop: NamedDependency[Shop]) -> Response[None]:
        """Return all products that are not archived as CSV, with a row for each variant."""
        headers = {
            "Cache-Control": "private, no-store",
            "Content-Disposition": 'attachment; filename="products.csv"',
        }
        parts = provide_product_export(shop).parts()
        return cast("Response[None]", Stream(parts, media_type=CSV, headers=headers))
