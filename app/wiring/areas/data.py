"""Builds the services for import, export and erasure."""

from uuid import UUID

from litestar.di import NamedDependency, Provide
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.savepoints import savepoint
from app.repositories.catalogue.category_path_repository import CategoryPathRepository
from app.repositories.catalogue.product_repository import ProductRepository
from app.repositories.catalogue.stock_repository import StockRepository
from app.repositories.catalogue.variant_repository import VariantRepository
from app.repositories.data.guest_proof_repository import GuestProofRepository
from app.repositories.data.order_import_repository import OrderImportRepository
from app.repositories.data.product_export_repository import ProductExportRepository
from app.repositories.data.product_import_repository import ProductImportRepository
from app.repositories.data.user_import_repository import UserImportRepository
from app.repositories.orders.order_repository import OrderRepository
from app.services.data.guest_data_service import GuestDataService
from app.services.data.import_outcome import ImportOptions
from app.services.data.import_service import ImportService
from app.services.data.order_change import OrderChanges
from app.services.data.order_import import OrderImport
from app.services.data.privacy_service import PrivacyService
from app.services.data.products.product_bulk import ProductBulkService
from app.services.data.products.product_edits import ProductEdits
from app.services.data.products.product_export import Page, ProductExport
from app.services.data.products.product_import import ProductImport
from app.services.data.user_import import UserImport
from app.wiring.areas import carts, catalogue, identity, invoices, messaging, orders, system
from app.wiring.areas.system import provide_audit
from app.wiring.resources import Shop

_EXPORTED_AT_ONCE = 500


def provide_privacy(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> PrivacyService:
    """Return the service that exports and erases personal data."""
    users = identity.provide_personal_data(session, shop)
    areas = [
        users,
        carts.provide_personal_data(session, shop),
        orders.provide_personal_data_in_drafts(session, shop),
        orders.provide_personal_data(session, shop),
        invoices.provide_personal_data(session, shop),
        messaging.provide_personal_data(session, shop),
        system.provide_personal_data(session, shop),
    ]
    return PrivacyService(users, areas, provide_audit(session, shop), shop.clock)


def provide_guest_data(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> GuestDataService:
    """Return the service of the data of persons without an account."""
    return GuestDataService(
        GuestProofRepository(session),
        carts.provide_personal_data(session, shop),
        orders.provide_personal_data(session, shop),
        invoices.provide_personal_data(session, shop),
        messaging.provide_personal_data(session, shop),
        system.provide_personal_data(session, shop),
        identity.provide_accounts(session, shop),
        system.provide_mails(session, shop),
        shop.order_mails,
        provide_audit(session, shop),
        shop.clock,
        shop.settings.storefront_url,
    )


def provide_product_export(shop: Shop) -> ProductExport:
    """Return the service that exports all products; it opens a session for each part."""

    async def page_after(product_id: UUID | None) -> Page:
        async with shop.database.read() as session:
            names = await CategoryPathRepository(session).names_by_id()
            products = ProductExportRepository(session)
            return await products.after(product_id, _EXPORTED_AT_ONCE), names

    return ProductExport(page_after)


def provide_imports(
    session: AsyncSession, shop: Shop, options: ImportOptions = ImportOptions()
) -> ImportService:
    """Return the service that imports files."""
    users = UserImportRepository(session)
    return ImportService(
        ProductRepository(session),
        _product_import(session, shop, options),
        UserImport(users, identity.provide_users(session, shop), shop.clock, options),
        _order_import(session, shop, users, options),
        shop.days,
    )


def provide_product_bulk(session: AsyncSession, shop: Shop) -> ProductBulkService:
    """Return the service that adds and changes many products at once."""
    options = ImportOptions(updates_existing=True, announces=True)
    return ProductBulkService(
        ProductImportRepository(session),
        _product_import(session, shop, options),
        lambda: savepoint(session),
    )


def _product_import(session: AsyncSession, shop: Shop, options: ImportOptions) -> ProductImport:
    products, settings = ProductRepository(session), shop.settings
    edits = ProductEdits(
        products,
        VariantRepository(session),
        StockRepository(session),
        catalogue.provide_changes(session, shop),
        shop.clock,
        settings.shop_currency,
        settings.low_stock_at,
    )
    return ProductImport(
        products,
        ProductImportRepository(session),
        CategoryPathRepository(session),
        catalogue.provide_products(session, shop),
        edits,
        shop.clock,
        settings.shop_currency,
        settings.low_stock_at,
        options,
    )


def _order_import(
    session: AsyncSession, shop: Shop, users: UserImportRepository, options: ImportOptions
) -> OrderImport:
    repositories = (
        OrderRepository(session),
        OrderImportRepository(session),
        StockRepository(session),
        ProductImportRepository(session),
    )
    changes = OrderChanges(
        *repositories,
        orders.provide_order_moves(session, shop),
        shop.clock,
        shop.settings.shop_currency,
        options,
    )
    return OrderImport(
        *repositories, users, changes, shop.clock, shop.settings.shop_currency, options
    )


Privacy = NamedDependency[PrivacyService]
GuestData = NamedDependency[GuestDataService]

DEPENDENCIES = {
    "guest_data": Provide(provide_guest_data, sync_to_thread=False),
    "privacy": Provide(provide_privacy, sync_to_thread=False),
}
