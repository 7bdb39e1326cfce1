"""Categories and their tree: requests and responses."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from app.schemas.base import Change, Schema, unchanged
from app.schemas.catalogue.product_schema import Category as Name
from app.schemas.fields import WHOLE, Integer, LineOrNothing, Natural, Ordinal, Prose, Slug, Text
from app.schemas.slugs import SLUG_LENGTH

MAX_DEPTH = 6
"""The maximum number of levels of the tree."""
MAX_CATEGORIES = 5_000
"""The maximum number of categories in the document of the tree."""
MAX_PATH_LENGTH = MAX_DEPTH * (SLUG_LENGTH + 1)
MAX_PRODUCT_CATEGORIES = 20
_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_PARENT = "0199a1b2-7c00-7d00-8e00-0123456789ac"
_MOMENT = "2026-01-31T12:00:00Z"
_MAX_POSITION = 1_000_000_000

Position = Annotated[int, Field(strict=True, ge=-_MAX_POSITION, le=_MAX_POSITION), WHOLE]
Description = Annotated[Prose, Field(max_length=10_000)]
SeoTitle = Annotated[LineOrNothing, Field(max_length=200)]
SeoDescription = Annotated[LineOrNothing, Field(max_length=500)]
ShownPath = Annotated[str, Field(max_length=MAX_PATH_LENGTH)]
Depth = Annotated[int, Field(ge=1, le=MAX_DEPTH)]


def _different(ids: list[UUID]) -> list[UUID]:
    if len(set(ids)) < len(ids):
        raise ValueError("must name each category once")
    return ids


class CategoryCreate(Schema):
    """A new category."""

    name: Name = Field(description="The name.", examples=["Green tea"])
    parent_id: UUID | None = Field(
        default=None, description="The parent category; null at the top.", examples=[None]
    )
    slug: Slug | None = Field(
        default=None,
        description="The part of the path; by default the name in ASCII, with a number if that is "
        "taken.",
        examples=["green-tea"],
    )
    description: Description = Field(
        default="",
        description="The description; may have several lines.",
        examples=["Unfermented."],
    )
    position: Position = Field(
        default=0,
        description="The position among the categories of one parent: the lowest first, then by "
        "name.",
        examples=[10],
    )
    is_active: bool = Field(
        default=True,
        strict=True,
        description="Whether the category is shown; a hidden one also hides its descendants, but "
        "no product.",
        examples=[True],
    )
    seo_title: SeoTitle = Field(
        default="", description="The title for search engines.", examples=["Green tea, loose"]
    )
    seo_description: SeoDescription = Field(
        default="", description="The summary for search engines.", examples=["Teas of Japan."]
    )


class CategoryChange(Change):
    """A change of a category."""

    name: Name = unchanged(
        description="The name; the field `category` of its products follows.",
        examples=["Green teas"],
    )
    parent_id: UUID | None = unchanged(
        description="The parent category; null moves the category to the top.", examples=[None]
    )
    slug: Slug = unchanged(
        description="The part of the path; the former path redirects.", examples=["green-teas"]
    )
    description: Description = unchanged(
        description="The description.", examples=["Steamed or roasted."]
    )
    position: Position = unchanged(
        description="The position among the categories of one parent.", examples=[20]
    )
    is_active: bool = unchanged(
        strict=True, description="Whether the category is shown.", examples=[True]
    )
    seo_title: SeoTitle = unchanged(
        description="The title for search engines.", examples=["Green tea, loose"]
    )
    seo_description: SeoDescription = unchanged(
        description="The summary for search engines.", examples=["Teas of Japan."]
    )


class CategoryNode(Schema):
    """The fields that a category has in the tree and by itself."""

    id: UUID = Field(description="The category's id (UUIDv7).", examples=[_ID])
    parent_id: UUID | None = Field(
        description="The parent category; null at the top.", examples=[_PARENT]
    )
    slug: str = Field(
        max_length=SLUG_LENGTH, description="The part of the path.", examples=["green-tea"]
    )
    path: ShownPath = Field(
        description="The slugs from the top, each with a `/` after it.",
        examples=["tea/green-tea/"],
    )
    depth: Depth = Field(description="The level; 1 at the top.", examples=[2])
    position: Integer = Field(
        description="The position among the categories of one parent.", examples=[10]
    )
    name: str = Field(max_length=100, description="The name.", examples=["Green tea"])


class CategoryListed(CategoryNode):
    """A category in the tree."""

    products_count: Natural = Field(
        description="The number of products for sale whose primary category it is, without those "
        "of its descendants.",
        examples=[42],
    )


class CategoryRead(CategoryNode):
    """A category in a response."""

    description: str = Field(
        max_length=10_000, description="The description; may be empty.", examples=["Unfermented."]
    )
    is_active: bool = Field(description="Whether the category is shown.", examples=[True])
    seo_title: str = Field(
        max_length=200,
        description="The title for search engines; may be empty.",
        examples=["Green tea, loose"],
    )
    seo_description: str = Field(
        max_length=500,
        description="The summary for search engines; may be empty.",
        examples=["Teas of Japan."],
    )
    created_at: datetime = Field(
        description="When the category was added (UTC).", examples=[_MOMENT]
    )
    updated_at: datetime = Field(
        description="When the category or its path last changed (UTC).", examples=[_MOMENT]
    )
    version: Ordinal = Field(description="Rises by one with every change.", examples=[1])


class CategoryList(Schema):
    """The tree of categories; each is followed by its descendants."""

    items: list[CategoryListed] = Field(
        max_length=MAX_CATEGORIES,
        description=f"All categories, or the first {MAX_CATEGORIES:,}.",
        examples=[[]],
    )


class CategoryQuery(Schema):
    """The parameters of reads of categories."""

    include: Literal["all"] | None = Field(
        default=None,
        description="With `all`, also categories that are not shown, and those without products "
        "for sale: for staff, and API keys with `products:read`. Such an answer is not cached.",
        examples=["all"],
    )

    @property
    def includes_all(self) -> bool:
        """Whether categories that are not shown are requested, too."""
        return self.include == "all"


class CategoryPath(Schema):
    """The parameter by which a category is found at its path."""

    path: Text = Field(
        min_length=1,
        max_length=MAX_PATH_LENGTH,
        description="The slugs from the top, with `/` between them.",
        examples=["tea/"],
    )


class CategoryDeletion(Schema):
    """The parameters of the deletion of a category."""

    move_products_to: UUID | None = Field(
        default=None,
        description="The category that gets its products, and to which its paths redirect.",
        examples=[_PARENT],
    )


class ProductCategoriesChange(Schema):
    """All categories of a product."""

    category_ids: Annotated[list[UUID], AfterValidator(_different)] = Field(
        min_length=1,
        max_length=MAX_PRODUCT_CATEGORIES,
        description="The categories, the primary one first; the field `category` of the product is "
        "its name.",
        examples=[[_ID, _PARENT]],
        json_schema_extra={"uniqueItems": True},
    )


class ProductCategoriesRead(Schema):
    """The categories of a product in a response."""

    items: list[CategoryNode] = Field(
        max_length=MAX_PRODUCT_CATEGORIES, description="The primary category first.", examples=[[]]
    )
