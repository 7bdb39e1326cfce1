"""Returns of orders, with the units of each line that are back."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"

_MOMENT = sa.DateTime(timezone=True)
_COLUMN = "returned_quantity"


def upgrade() -> None:
    """Add the column, with zero in the rows that exist, and the tables."""
    if op.get_bind().dialect.name == "postgresql":
        # Better to fail and be run again than to queue every request behind a waiting lock.
        op.execute("SET LOCAL lock_timeout = '5s'")
    # A constant default: neither database writes the rows again.
    op.execute(
        f"ALTER TABLE order_items ADD COLUMN {_COLUMN} BIGINT NOT NULL DEFAULT 0"
        f" CONSTRAINT ck_order_items_{_COLUMN} CHECK ({_COLUMN} BETWEEN 0 AND shipped_quantity)"
    )
    op.create_table(
        "returns",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("customer_note", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        *(
            sa.Column(f"{name}_at", _MOMENT, nullable=name not in ("created", "updated"))
            for name in ("created", "decided", "received", "closed", "updated")
        ),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_returns_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_returns")),
        sa.UniqueConstraint("order_id", "seq", name=op.f("uq_returns_order_id")),
    )
    op.create_table(
        "return_lines",
        sa.Column("return_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("received_quantity", sa.BigInteger(), nullable=False),
        sa.Column("restocked_quantity", sa.BigInteger(), nullable=False),
        sa.Column("condition", sa.String(20), nullable=True),
        sa.Column("returned_before", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_return_lines_quantity")),
        sa.CheckConstraint(
            "received_quantity BETWEEN 0 AND quantity",
            name=op.f("ck_return_lines_received_quantity"),
        ),
        sa.CheckConstraint(
            "restocked_quantity BETWEEN 0 AND received_quantity",
            name=op.f("ck_return_lines_restocked_quantity"),
        ),
        sa.ForeignKeyConstraint(
            ["return_id"], ["returns.id"], name=op.f("fk_return_lines_return_id")
        ),
        sa.PrimaryKeyConstraint("return_id", "position", name=op.f("pk_return_lines")),
    )


def downgrade() -> None:
    """Drop the tables and the column; the stock keeps what was returned to it."""
    op.drop_table("return_lines")
    op.drop_table("returns")
    op.execute(f"ALTER TABLE order_items DROP COLUMN {_COLUMN}")
