"""Commands that wait for what they change."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_IS_WAITING = sa.text("awaits IS NOT NULL")


def upgrade() -> None:
    """Apply."""
    if op.get_bind().dialect.name == "postgresql":
        # Better to fail and be run again than to queue every request behind a waiting ALTER.
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("outbox", sa.Column("awaits", sa.Uuid(), nullable=True))
    op.create_index(
        op.f("ix_outbox_routing_key_awaits"),
        "outbox",
        ["routing_key", "awaits"],
        postgresql_where=_IS_WAITING,
        sqlite_where=_IS_WAITING,
    )


def downgrade() -> None:
    """Take back: commands that wait are delivered again as soon as they can be."""
    op.execute("UPDATE outbox SET due_at = created_at WHERE awaits IS NOT NULL")
    op.drop_index(op.f("ix_outbox_routing_key_awaits"), table_name="outbox")
    op.drop_column("outbox", "awaits")
