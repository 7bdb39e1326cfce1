"""The reference of an imported order where it comes from."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_IS_KNOWN = sa.text("source_reference IS NOT NULL")


def upgrade() -> None:
    """Apply."""
    if op.get_bind().dialect.name == "postgresql":
        # Better to fail and be run again than to queue every request behind a waiting ALTER.
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("orders", sa.Column("source_reference", sa.String(length=100), nullable=True))
    op.create_index(
        "uq_orders_source_reference",
        "orders",
        ["source_reference"],
        unique=True,
        postgresql_where=_IS_KNOWN,
        sqlite_where=_IS_KNOWN,
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index("uq_orders_source_reference", "orders")
    op.drop_column("orders", "source_reference")
