"""Shipments of orders, with the units of each line that are in them."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"

_MOMENT = sa.DateTime(timezone=True)
_COLUMN = "shipped_quantity"


def upgrade() -> None:
    """Add the column, with zero in the rows that exist, and the tables."""
    if op.get_bind().dialect.name == "postgresql":
        # Better to fail and be run again than to queue every request behind a waiting lock.
        op.execute("SET LOCAL lock_timeout = '5s'")
    # A constant default: neither database writes the rows again.
    op.execute(
        f"ALTER TABLE order_items ADD COLUMN {_COLUMN} BIGINT NOT NULL DEFAULT 0"
        f" CONSTRAINT ck_order_items_{_COLUMN}"
        f" CHECK ({_COLUMN} BETWEEN 0 AND quantity - cancelled_quantity)"
    )
    op.create_table(
        "shipments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("carrier", sa.String(100), nullable=False),
        sa.Column("tracking_number", sa.String(100), nullable=True),
        sa.Column("tracking_url", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("shipped_at", _MOMENT, nullable=True),
        sa.Column("delivered_at", _MOMENT, nullable=True),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_shipments_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipments")),
        sa.UniqueConstraint("order_id", "seq", name=op.f("uq_shipments_order_id")),
    )
    op.create_table(
        "shipment_lines",
        sa.Column("shipment_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_shipment_lines_quantity")),
        sa.ForeignKeyConstraint(
            ["shipment_id"], ["shipments.id"], name=op.f("fk_shipment_lines_shipment_id")
        ),
        sa.PrimaryKeyConstraint("shipment_id", "position", name=op.f("pk_shipment_lines")),
    )


def downgrade() -> None:
    """Drop the tables and the column.

    Raises:
        RuntimeError: an order was shipped in part, which the schema before cannot have.
    """
    partly = sa.text(
        "SELECT 1 FROM orders JOIN order_items ON order_items.order_id = orders.id "
        f"WHERE orders.status = 'paid' AND order_items.{_COLUMN} > 0 LIMIT 1"
    )
    if op.get_bind().execute(partly).first():
        raise RuntimeError("orders that are packed in part cannot go back: ship or unpack them")
    op.drop_table("shipment_lines")
    op.drop_table("shipments")
    op.execute(f"ALTER TABLE order_items DROP COLUMN {_COLUMN}")
