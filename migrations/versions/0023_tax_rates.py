"""Rates of tax, and the tax class of products."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Create the table, which is empty, and give all products the class `standard`."""
    if op.get_bind().dialect.name == "postgresql":
        # Better to fail and be run again than to queue every request behind a waiting lock.
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "tax_rates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("region", sa.String(100), nullable=False),
        sa.Column("region_key", sa.String(100), nullable=False),
        sa.Column("tax_class", sa.String(32), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("rate_ppm", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "rate_ppm >= 0 AND rate_ppm <= 1000000", name=op.f("ck_tax_rates_rate_ppm")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tax_rates")),
        sa.UniqueConstraint(
            "country", "region_key", "tax_class", "valid_from", name="uq_tax_rates_country"
        ),
    )
    op.create_index(op.f("ix_tax_rates_created_at_id"), "tax_rates", ["created_at", "id"])
    # A constant default: neither database writes the rows again.
    op.execute("ALTER TABLE products ADD COLUMN tax_class VARCHAR(32) NOT NULL DEFAULT 'standard'")


def downgrade() -> None:
    """Drop the table and the column."""
    op.execute("ALTER TABLE products DROP COLUMN tax_class")
    op.drop_table("tax_rates")
