"""Carts and orders get the VAT number of the customer."""

from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    """Add the columns, which are empty."""
    if op.get_bind().dialect.name == "postgresql":
        # Better to fail and be run again than to queue every request behind a waiting lock.
        op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ("carts", "orders"):
        op.execute(f"ALTER TABLE {table} ADD COLUMN vat_number VARCHAR(20)")


def downgrade() -> None:
    """Drop the columns."""
    for table in ("carts", "orders"):
        op.execute(f"ALTER TABLE {table} DROP COLUMN vat_number")
