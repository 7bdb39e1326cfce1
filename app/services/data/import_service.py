"""The import of many products, users and orders at once, under the rules of the shop."""

from collections.abc import Sequence

from app.core.calendar import ShopDays
from app.repositories.catalogue.product_repository import ProductRepository
from app.services.data.import_outcome import FirstRows, Numbered, Outcome
from app.services.data.order_import import OrderImport
from app.services.data.products.product_import import ProductImport
from app.services.data.user_import import UserImport


class ImportService:
    """Adds the rows that do not exist yet, so that an interrupted import can be repeated."""

    def __init__(
        self,
        catalogue: ProductRepository,
        products: ProductImport,
        users: UserImport,
        orders: OrderImport,
        days: ShopDays,
    ) -> None:
        self._catalogue = catalogue
        self._products = products
        self._users = users
        self._orders = orders
        self._days = days

    async def is_shop_in_use(self) -> bool:
        """Return whether the shop ever had a product."""
        return await self._catalogue.has_any()

    async def add_products(
        self, rows: Sequence[Numbered], first_rows: FirstRows | None = None
    ) -> Outcome:
        """Add products, with all rows of a product in one call, that of its first variant first.

        `first_rows` remembers the rows of a file from call to call.
        """
        return await self._products.add(
            rows, self._days, FirstRows() if first_rows is None else first_rows
        )

    async def add_users(
        self, rows: Sequence[Numbered], first_rows: FirstRows | None = None
    ) -> Outcome:
        """Add users; `first_rows` remembers the rows of a file from call to call."""
        return await self._users.add(
            rows, self._days, FirstRows() if first_rows is None else first_rows
        )

    async def add_orders(self, rows: Sequence[Numbered]) -> Outcome:
        """Add orders, whose rows are adjacent."""
        return await self._orders.add(rows, self._days)
