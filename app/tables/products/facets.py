"""The table of the facets of products: the values of their options."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base

__all__ = ["ProductFacet"]

# Keys are compared byte by byte, and are counted in the order of the index.
_KEY = String(400).with_variant(String(400, collation="C"), "postgresql")


class ProductFacet(Base):
    """A value of an option of a product for sale; each product has a value at most once."""

    __tablename__ = "product_facets"
    __table_args__ = (Index(None, "product_id"),)

    # The keys by which names of options and their values are compared.
    facet: Mapped[str] = mapped_column(_KEY, primary_key=True)
    value: Mapped[str] = mapped_column(_KEY, primary_key=True)
    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.id"), primary_key=True)
    # The spellings of the product.
    name: Mapped[str] = mapped_column(String(100))
    label: Mapped[str] = mapped_column(String(100))
