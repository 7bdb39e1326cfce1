"""Price lists, and what lists of products show of their prices."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables, which are empty, and derive the higher prices that lists show."""
    if op.get_bind().dialect.name == "postgresql":
        # Better to fail and be run again than to queue every request behind a waiting lock.
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE products ADD COLUMN compare_at_minor BIGINT")
    op.execute("ALTER TABLE products ADD COLUMN price_source VARCHAR(64)")
    _create_price_lists()
    op.create_table(
        "prices",
        sa.Column("price_list_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("compare_at_minor", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_prices_amount_minor")),
        sa.CheckConstraint(
            "compare_at_minor > amount_minor", name=op.f("ck_prices_compare_at_minor")
        ),
        sa.ForeignKeyConstraint(
            ["price_list_id"], ["price_lists.id"], name=op.f("fk_prices_price_list_id")
        ),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_prices_variant_id")),
        sa.PrimaryKeyConstraint("price_list_id", "variant_id", name=op.f("pk_prices")),
    )
    op.create_index(op.f("ix_prices_variant_id"), "prices", ["variant_id"])
    # Of the variant with the lowest price, the first one of several.
    op.execute("""
        UPDATE products SET compare_at_minor = (
            SELECT compare_at_minor FROM variants
            WHERE product_id = products.id AND archived_at IS NULL
            AND price_minor = products.price_minor
            AND (is_active OR NOT EXISTS (
                SELECT 1 FROM variants AS sold WHERE sold.product_id = products.id
                AND sold.archived_at IS NULL AND sold.is_active))
            ORDER BY position, id LIMIT 1)
        WHERE id IN (SELECT product_id FROM variants WHERE compare_at_minor IS NOT NULL)
        """)


def _create_price_lists() -> None:
    op.create_table(
        "price_lists",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("starts_at", _MOMENT, nullable=True),
        sa.Column("ends_at", _MOMENT, nullable=True),
        sa.Column("is_listed", sa.Boolean(), nullable=False),
        sa.Column("listed_up_to", sa.Uuid(), nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.Column("archived_at", _MOMENT, nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_price_lists_ends_at")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_lists")),
        sa.UniqueConstraint("code", name=op.f("uq_price_lists_code")),
    )
    op.create_index(
        "uq_price_lists_currency",
        "price_lists",
        ["currency"],
        unique=True,
        postgresql_where=sa.text("is_default"),
        sqlite_where=sa.text("is_default"),
    )
    op.create_index(op.f("ix_price_lists_created_at_id"), "price_lists", ["created_at", "id"])


def downgrade() -> None:
    """Drop the tables and columns, and have lists show the prices of before."""
    op.execute("""
        UPDATE products SET price_minor = (
            SELECT min(price_minor) FROM variants
            WHERE product_id = products.id AND archived_at IS NULL
            AND (is_active OR NOT EXISTS (
                SELECT 1 FROM variants AS sold WHERE sold.product_id = products.id
                AND sold.archived_at IS NULL AND sold.is_active)))
        WHERE price_source IS NOT NULL
        """)
    op.drop_table("prices")
    op.drop_table("price_lists")
    op.execute("ALTER TABLE products DROP COLUMN price_source")
    op.execute("ALTER TABLE products DROP COLUMN compare_at_minor")
