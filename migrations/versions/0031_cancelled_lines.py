"""Lines of orders that are cancelled by themselves, and orders that were not paid in time by day."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"

# A constant default: neither database writes the rows again.
_AMOUNT = "BIGINT NOT NULL DEFAULT 0"
_COLUMNS = {
    "orders": {"cancelled_minor": _AMOUNT},
    "order_items": {
        "cancelled_quantity": _AMOUNT
        + " CONSTRAINT ck_order_items_cancelled_quantity"
        + " CHECK (cancelled_quantity BETWEEN 0 AND quantity)"
    },
    "daily_reports": {
        name: _AMOUNT
        for name in ("cancelled_lines_count", "expired_count", "expired_units", "expired_minor")
    },
}


def upgrade() -> None:
    """Add the columns, with zero in the rows that exist, and the table of cancelled pieces."""
    if op.get_bind().dialect.name == "postgresql":
        # Better to fail and be run again than to queue every request behind a waiting lock.
        op.execute("SET LOCAL lock_timeout = '5s'")
    for table, columns in _COLUMNS.items():
        for name, kind in columns.items():
            op.execute(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")
    op.create_table(
        "order_cancellations",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(100), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_cancellations_quantity")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_cancellations_order_id")
        ),
        sa.PrimaryKeyConstraint("order_id", "seq", name=op.f("pk_order_cancellations")),
    )
    op.create_index(
        op.f("ix_order_cancellations_cancelled_at"), "order_cancellations", ["cancelled_at"]
    )


def downgrade() -> None:
    """Drop the table and the columns.

    Raises:
        RuntimeError: pieces were cancelled, which the schema before cannot have.
    """
    if op.get_bind().execute(sa.text("SELECT 1 FROM order_cancellations LIMIT 1")).first():
        raise RuntimeError("orders with cancelled lines cannot go back: they would count as whole")
    op.drop_table("order_cancellations")
    for table, columns in _COLUMNS.items():
        for name in columns:
            op.execute(f"ALTER TABLE {table} DROP COLUMN {name}")
