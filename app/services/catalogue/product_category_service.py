"""The categories of a product: one primary, and further ones."""

from uuid import UUID

from app.core.clock import Clock
from app.models import Product
from app.repositories.catalogue.category_tree_repository import CategoryTreeRepository
from app.repositories.catalogue.primary_category_repository import PrimaryCategoryRepository
from app.repositories.catalogue.product_repository import ProductRepository
from app.schemas.catalogue.category_schema import (
    CategoryNode,
    ProductCategoriesChange,
    ProductCategoriesRead,
)
from app.services.catalogue.catalogue_changes import CatalogueChanges
from app.services.preconditions import require_match


class ProductCategoryService:
    """Returns and replaces the categories of a product."""

    def __init__(
        self,
        products: ProductRepository,
        tree: CategoryTreeRepository,
        primary: PrimaryCategoryRepository,
        changes: CatalogueChanges,
        clock: Clock,
    ) -> None:
        self._products = products
        self._tree = tree
        self._primary = primary
        self._changes = changes
        self._clock = clock

    async def of_product(self, product_id: UUID) -> ProductCategoriesRead:
        """Return the categories of a product, the primary one first.

        Raises:
            ProductNotFound: the product does not exist.
        """
        return await self._shown(await self._products.get(product_id))

    async def replace(
        self, product_id: UUID, change: ProductCategoriesChange, if_match: str | None = None
    ) -> ProductCategoriesRead:
        """Replace the categories of a product.

        Raises:
            ProductNotFound, CategoryNotFound: nothing is changed.
            PreconditionFailed: the categories have changed since the caller read them.
        """
        first, *further = change.category_ids
        found = await self._tree.lock_shared(change.category_ids)
        # Categories are locked before the product, as in a renaming of a category.
        await self._tree.note_change()
        product = await self._products.get(product_id, lock=True)
        variants = list(product.variants)
        require_match(if_match, await self._shown(product))
        product.primary_category_id, product.category = first, found[first].name
        await self._changes.store(product, variants, {}, self._clock.now())
        await self._primary.replace_further(product_id, further)
        return await self._shown(product)

    async def _shown(self, product: Product) -> ProductCategoriesRead:
        categories = await self._tree.of_product(product)
        return ProductCategoriesRead(
            items=[CategoryNode.model_validate(each) for each in categories]
        )
