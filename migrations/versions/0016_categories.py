"""The categories of products become a tree; the names of before are its top."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from app.core.ids import new_id
from app.schemas.slugs import free_slug

revision = "0016"
down_revision = "0015"

_ORDERS = ("created_at", "name", "price_minor")
_PATH = sa.String(400).with_variant(sa.String(400, collation="C"), "postgresql")
_products = sa.table("products", sa.column("category"), sa.column("primary_category_id", sa.Uuid()))


def upgrade() -> None:
    """Make a category at the top for each name, and give it to the products of that name."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    if is_postgresql:
        # Better to fail and be run again than to queue every request behind a waiting lock.
        op.execute("SET LOCAL lock_timeout = '5s'")
    _create_tables()
    kind = "UUID" if is_postgresql else "CHAR(32)"
    op.execute(
        f"ALTER TABLE products ADD COLUMN primary_category_id {kind} "
        "CONSTRAINT fk_products_primary_category_id REFERENCES categories (id)"
    )
    for order in _ORDERS:
        op.drop_index(f"ix_products_category_{order}_id", table_name="products")
    _fill()
    for order in _ORDERS:
        op.create_index(
            op.f(f"ix_products_primary_category_id_{order}_id"),
            "products",
            ["primary_category_id", order, "id"],
        )


def _create_tables() -> None:
    categories = op.create_table(
        "categories",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("slug", sa.String(64), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("path", _PATH, nullable=False),
        sa.Column("depth", sa.BigInteger(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("seo_title", sa.String(200), nullable=False),
        sa.Column("seo_description", sa.String(500), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("depth BETWEEN 1 AND 6", name=op.f("ck_categories_depth")),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["categories.id"], name=op.f("fk_categories_parent_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_categories")),
        sa.UniqueConstraint("parent_id", "slug", name=op.f("uq_categories_parent_id")),
        sa.UniqueConstraint("path", name=op.f("uq_categories_path")),
    )
    assert categories is not None
    op.create_index(op.f("ix_categories_name"), "categories", ["name"])
    op.create_table(
        "product_categories",
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("category_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["category_id"], ["categories.id"], name=op.f("fk_product_categories_category_id")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_product_categories_product_id")
        ),
        sa.PrimaryKeyConstraint("product_id", "category_id", name=op.f("pk_product_categories")),
    )
    op.create_index(
        op.f("ix_product_categories_category_id_product_id"),
        "product_categories",
        ["category_id", "product_id"],
    )
    op.create_table(
        "category_redirects",
        sa.Column("path", _PATH, nullable=False),
        sa.Column("category_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["category_id"], ["categories.id"], name=op.f("fk_category_redirects_category_id")
        ),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_category_redirects")),
    )
    op.create_index(
        op.f("ix_category_redirects_category_id"), "category_redirects", ["category_id"]
    )


def _fill() -> None:
    tree = op.create_table(
        "category_tree",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_category_tree")),
    )
    assert tree is not None
    connection = op.get_bind()
    now = datetime.now(UTC)
    taken: set[str] = set()
    rows = []
    names = connection.scalars(sa.select(_products.c.category).distinct())
    for name in sorted(names):
        slug = free_slug(name, taken)
        taken.add(slug)
        rows.append({"id": new_id(now), "slug": slug, "name": name, "path": f"{slug}/", "at": now})
    if not rows:
        return
    categories = sa.table(
        "categories",
        *(sa.column(name) for name in ("slug", "name", "path")),
        sa.column("id", sa.Uuid()),
        *(sa.column(name) for name in ("description", "seo_title", "seo_description")),
        *(sa.column(name, sa.BigInteger()) for name in ("position", "depth", "version")),
        sa.column("is_active", sa.Boolean()),
        *(sa.column(name, sa.DateTime(timezone=True)) for name in ("created_at", "updated_at")),
    )
    columns = categories.c
    op.bulk_insert(
        categories,
        [
            {name: row[name] for name in ("id", "slug", "name", "path")}
            | {"description": "", "seo_title": "", "seo_description": ""}
            | {"position": 0, "depth": 1, "version": 1, "is_active": True}
            | {"created_at": now, "updated_at": now}
            for row in rows
        ],
    )
    op.bulk_insert(tree, [{"id": 1, "state": new_id(now)}])
    connection.execute(
        sa.update(_products).values(
            primary_category_id=sa.select(columns.id)
            .where(columns.name == _products.c.category)
            .scalar_subquery()
        )
    )


def downgrade() -> None:
    """Leave the names, which the products have kept."""
    for order in _ORDERS:
        op.drop_index(f"ix_products_primary_category_id_{order}_id", table_name="products")
    # SQLite drops the constraint of the column with it; a copy of the table would lose its triggers.
    op.execute("ALTER TABLE products DROP COLUMN primary_category_id")
    for order in _ORDERS:
        op.create_index(
            op.f(f"ix_products_category_{order}_id"), "products", ["category", order, "id"]
        )
    for table in ("category_tree", "category_redirects", "product_categories", "categories"):
        op.drop_table(table)
