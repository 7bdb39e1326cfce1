"""Carts and their lines."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables, which are empty."""
    op.create_table(
        "carts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_digest", sa.LargeBinary(32), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("email", sa.String(320), nullable=True),
        sa.Column("delivery_address", sa.JSON(), nullable=True),
        sa.Column("billing_address", sa.JSON(), nullable=True),
        sa.Column("shipping_method_id", sa.Uuid(), nullable=True),
        sa.Column("codes", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("locale", sa.String(35), nullable=False),
        sa.Column("merged_into_id", sa.Uuid(), nullable=True),
        sa.Column("touched_at", _MOMENT, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_carts_user_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["merged_into_id"],
            ["carts.id"],
            name=op.f("fk_carts_merged_into_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carts")),
    )
    _create_indexes()
    op.create_table(
        "cart_lines",
        sa.Column("cart_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("seen_minor", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("quantity BETWEEN 1 AND 1000", name=op.f("ck_cart_lines_quantity")),
        sa.ForeignKeyConstraint(
            ["cart_id"], ["carts.id"], name=op.f("fk_cart_lines_cart_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variants.id"], name=op.f("fk_cart_lines_variant_id")
        ),
        sa.PrimaryKeyConstraint("cart_id", "variant_id", name=op.f("pk_cart_lines")),
    )


def _create_indexes() -> None:
    for name, column, is_unique in (
        ("uq_carts_user_id", "user_id", True),
        ("ix_carts_merged_into_id", "merged_into_id", False),
    ):
        there = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            name,
            "carts",
            [column],
            unique=is_unique,
            postgresql_where=there,
            sqlite_where=there,
        )
    op.create_index(op.f("ix_carts_touched_at"), "carts", ["touched_at"])


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("cart_lines")
    op.drop_table("carts")
