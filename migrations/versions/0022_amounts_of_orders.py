"""Discounts, shipping and tax of orders, and of the days in which they were placed."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

# A constant default: neither database writes the rows again.
_AMOUNT = "BIGINT NOT NULL DEFAULT 0"
_COLUMNS = {
    "orders": {
        "prices_include_tax": "BOOLEAN NOT NULL DEFAULT true",
        "discount_minor": _AMOUNT,
        "shipping_minor": _AMOUNT,
        "tax_minor": _AMOUNT,
    },
    "order_items": {
        "discount_minor": _AMOUNT,
        "tax_minor": _AMOUNT,
        "tax_rate_ppm": "BIGINT",
        "tax_class": "VARCHAR(32)",
        "tax_reason": "VARCHAR(32)",
    },
    "daily_reports": {
        f"{prefix}{name}_minor": _AMOUNT
        for prefix in ("", "cancelled_", "late_")
        for name in ("discount", "shipping", "tax")
    },
}


def upgrade() -> None:
    """Add the columns, with zero in the rows that exist, and the tables of tax by rate."""
    if op.get_bind().dialect.name == "postgresql":
        # Better to fail and be run again than to queue every request behind a waiting lock.
        op.execute("SET LOCAL lock_timeout = '5s'")
    for table, columns in _COLUMNS.items():
        for name, kind in columns.items():
            op.execute(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")
    op.create_table(
        "order_taxes",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        *_rate(),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_taxes_order_id")),
        sa.PrimaryKeyConstraint("order_id", "rate_ppm", "reason", name=op.f("pk_order_taxes")),
    )
    op.create_table(
        "report_taxes",
        sa.Column("report_day", sa.Date(), nullable=False),
        *_rate(),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("net_minor", "tax_minor", "cancelled_net_minor", "cancelled_tax_minor")
        ),
        sa.ForeignKeyConstraint(
            ["report_day"], ["daily_reports.report_day"], name=op.f("fk_report_taxes_report_day")
        ),
        sa.PrimaryKeyConstraint("report_day", "rate_ppm", "reason", name=op.f("pk_report_taxes")),
    )


def _rate() -> tuple[sa.Column[int], sa.Column[str]]:
    return (
        sa.Column("rate_ppm", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
    )


def downgrade() -> None:
    """Drop the tables and the columns."""
    op.drop_table("report_taxes")
    op.drop_table("order_taxes")
    for table, columns in _COLUMNS.items():
        for name in columns:
            op.execute(f"ALTER TABLE {table} DROP COLUMN {name}")
