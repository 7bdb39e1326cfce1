"""Promotions, their coupons, and the orders that used them."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables, which are empty."""
    _create_promotions()
    _create_coupons()
    _create_redemptions()


def _limits(table: str) -> tuple[sa.CheckConstraint, ...]:
    checks = {
        "usage_limit": "usage_limit > 0",
        "used": "used >= 0",
        "used_limit": "used <= usage_limit",
    }
    return tuple(
        sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))
        for name, condition in checks.items()
    )


def _create_promotions() -> None:
    op.create_table(
        "promotions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("label", sa.String(100), nullable=False),
        sa.Column("trigger", sa.String(20), nullable=False),
        sa.Column("effect", sa.String(20), nullable=False),
        sa.Column("percent_ppm", sa.BigInteger(), nullable=True),
        sa.Column("amounts", sa.JSON(), nullable=False),
        sa.Column("buys", sa.BigInteger(), nullable=True),
        sa.Column("gets", sa.BigInteger(), nullable=True),
        sa.Column("combines", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.BigInteger(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("starts_at", _MOMENT, nullable=True),
        sa.Column("ends_at", _MOMENT, nullable=True),
        sa.Column("min_subtotals", sa.JSON(), nullable=False),
        sa.Column("min_quantity", sa.BigInteger(), nullable=True),
        sa.Column("category_ids", sa.JSON(), nullable=False),
        sa.Column("product_ids", sa.JSON(), nullable=False),
        sa.Column("countries", sa.JSON(), nullable=False),
        sa.Column("first_order_only", sa.Boolean(), nullable=False),
        sa.Column("usage_limit", sa.BigInteger(), nullable=True),
        sa.Column("per_customer_limit", sa.BigInteger(), nullable=True),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.Column("archived_at", _MOMENT, nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_promotions_ends_at")),
        sa.CheckConstraint("per_customer_limit > 0", name=op.f("ck_promotions_per_customer_limit")),
        *_limits("promotions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotions")),
    )
    op.create_index(op.f("ix_promotions_created_at_id"), "promotions", ["created_at", "id"])


def _create_coupons() -> None:
    op.create_table(
        "coupons",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("promotion_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("code_key", sa.String(1152), nullable=False),
        sa.Column("usage_limit", sa.BigInteger(), nullable=True),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        *_limits("coupons"),
        sa.ForeignKeyConstraint(
            ["promotion_id"], ["promotions.id"], name=op.f("fk_coupons_promotion_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupons")),
        sa.UniqueConstraint("code_key", name=op.f("uq_coupons_code_key")),
    )
    columns = ["promotion_id", "created_at", "id"]
    op.create_index(op.f("ix_coupons_promotion_id_created_at_id"), "coupons", columns)


def _create_redemptions() -> None:
    op.create_table(
        "redemptions",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("promotion_id", sa.Uuid(), nullable=False),
        sa.Column("coupon_id", sa.Uuid(), nullable=True),
        sa.Column("customer_key", sa.String(1000), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("undone_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_redemptions_order_id")),
        sa.ForeignKeyConstraint(
            ["promotion_id"], ["promotions.id"], name=op.f("fk_redemptions_promotion_id")
        ),
        sa.ForeignKeyConstraint(
            ["coupon_id"], ["coupons.id"], name=op.f("fk_redemptions_coupon_id")
        ),
        sa.PrimaryKeyConstraint("order_id", "promotion_id", name=op.f("pk_redemptions")),
    )
    for columns in (["promotion_id", "customer_key"], ["coupon_id"], ["customer_key"]):
        name = op.f(f"ix_redemptions_{'_'.join(columns)}")
        op.create_index(name, "redemptions", columns)


def downgrade() -> None:
    """Drop the tables."""
    for table in ("redemptions", "coupons", "promotions"):
        op.drop_table(table)
