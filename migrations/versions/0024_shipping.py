"""Shipping methods and their rates, and those that orders were placed with."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables, which are empty, and the column of orders."""
    if op.get_bind().dialect.name == "postgresql":
        # Better to fail and be run again than to queue every request behind a waiting lock.
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE orders ADD COLUMN shipping_method JSON")
    op.create_table(
        "shipping_methods",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("carrier", sa.String(100), nullable=False),
        sa.Column("countries", sa.JSON(), nullable=False),
        sa.Column("regions", sa.JSON(), nullable=False),
        sa.Column("excluded_postal_prefixes", sa.JSON(), nullable=False),
        sa.Column("tax_class", sa.String(32), nullable=True),
        sa.Column("min_days", sa.BigInteger(), nullable=True),
        sa.Column("max_days", sa.BigInteger(), nullable=True),
        sa.Column("max_weight_grams", sa.BigInteger(), nullable=True),
        sa.Column("is_pickup", sa.Boolean(), nullable=False),
        sa.Column("counts_before_discounts", sa.Boolean(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("min_days >= 0", name=op.f("ck_shipping_methods_min_days")),
        sa.CheckConstraint("max_days >= min_days", name=op.f("ck_shipping_methods_max_days")),
        sa.CheckConstraint(
            "max_weight_grams >= 0", name=op.f("ck_shipping_methods_max_weight_grams")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipping_methods")),
    )
    op.create_index(op.f("ix_shipping_methods_position_id"), "shipping_methods", ["position", "id"])
    _create_rates()


def _create_rates() -> None:
    thresholds = ("from_weight_grams", "from_subtotal_minor")
    op.create_table(
        "shipping_rates",
        sa.Column("method_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        *(sa.Column(each, sa.BigInteger(), nullable=False) for each in thresholds),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        *(
            sa.CheckConstraint(f"{each} >= 0", name=op.f(f"ck_shipping_rates_{each}"))
            for each in (*thresholds, "amount_minor")
        ),
        sa.ForeignKeyConstraint(
            ["method_id"], ["shipping_methods.id"], name=op.f("fk_shipping_rates_method_id")
        ),
        sa.PrimaryKeyConstraint(
            "method_id", "currency", *thresholds, name=op.f("pk_shipping_rates")
        ),
    )


def downgrade() -> None:
    """Drop the column and the tables."""
    op.execute("ALTER TABLE orders DROP COLUMN shipping_method")
    op.drop_table("shipping_rates")
    op.drop_table("shipping_methods")
