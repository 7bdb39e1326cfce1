"""The role under which a response with an idempotency key was given."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Apply."""
    if op.get_bind().dialect.name == "postgresql":
        # Better to fail and be run again than to queue every request behind a waiting ALTER.
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("idempotency_keys", sa.Column("role", sa.String(length=20), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column("idempotency_keys", "role")
