"""Products are counted by the values of their options."""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql, sqlite

from app.tables.identity import comparison_key

revision = "0019"
down_revision = "0016"

_AT_ONCE = 2_000
_KEY = sa.String(400).with_variant(sa.String(400, collation="C"), "postgresql")
_SHOWN = "archived_at IS NULL AND is_active"


def upgrade() -> None:
    """Create the table, and the index that groups products; fill the table in batches."""
    facets = op.create_table(
        "product_facets",
        sa.Column("facet", _KEY, nullable=False),
        sa.Column("value", _KEY, nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("label", sa.String(100), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_product_facets_product_id")
        ),
        sa.PrimaryKeyConstraint("facet", "value", "product_id", name=op.f("pk_product_facets")),
    )
    assert facets is not None
    connection = op.get_bind()
    found = connection.execute(
        sa.text(
            "SELECT p.id, p.option_names, v.option1, v.option2, v.option3, v.option1_key, "
            "v.option2_key, v.option3_key FROM products p JOIN variants v ON v.product_id = p.id "
            "WHERE p.archived_at IS NULL AND p.is_active AND v.archived_at IS NULL AND v.is_active "
            "AND v.option1_key <> '' ORDER BY p.id, v.position, v.id"
        ).columns(id=sa.Uuid())
    )
    for rows in found.partitions(_AT_ONCE):
        if values := {key: row for row in rows for key, row in _facets(row)}:
            connection.execute(_insertion(facets), list(values.values()))
    op.create_index(op.f("ix_product_facets_product_id"), "product_facets", ["product_id"])
    op.create_index(
        "ix_products_facets",
        "products",
        ["availability", "price_minor", "primary_category_id", "id"],
        postgresql_where=sa.text(_SHOWN),
        sqlite_where=sa.text(_SHOWN),
    )


def _facets(row: Any) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    names = row.option_names
    for place, name in enumerate(json.loads(names) if isinstance(names, str) else names, start=1):
        key = comparison_key(name), getattr(row, f"option{place}_key"), row.id
        yield key, {
            **dict(zip(("facet", "value", "product_id"), key, strict=True)),
            "name": name,
            "label": getattr(row, f"option{place}"),
        }


def _insertion(facets: sa.Table) -> Any:
    # The variants of one product may be in two batches.
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    insert = sqlite.insert if is_sqlite else postgresql.insert
    return insert(facets).on_conflict_do_nothing()


def downgrade() -> None:
    """Drop the table and the index."""
    op.drop_index("ix_products_facets", "products")
    op.drop_table("product_facets")
