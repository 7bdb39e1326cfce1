"""Orders are sorted by their totals."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the index of the sort."""
    if op.get_bind().dialect.name == "postgresql":
        # Better to fail and be run again than to queue every request behind a waiting lock.
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index(op.f("ix_orders_total_minor_id"), "orders", ["total_minor", "id"])


def downgrade() -> None:
    """Remove the index."""
    op.drop_index(op.f("ix_orders_total_minor_id"), table_name="orders")
