"""What the cache in Redis may not know of yet."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "cache_drops",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cache_drops")),
    )
    op.create_index(op.f("ix_cache_drops_created_at"), "cache_drops", ["created_at"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("cache_drops")
