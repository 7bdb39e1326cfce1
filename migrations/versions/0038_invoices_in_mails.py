"""The invoices that are attached to mails, which are drawn when a mail is sent."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    """Add the column."""
    if op.get_bind().dialect.name == "postgresql":
        # Better to fail and be run again than to queue every request behind a waiting lock.
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("outgoing_mails", sa.Column("invoice_id", sa.Uuid(), nullable=True))


def downgrade() -> None:
    """Drop the column; the mails that wait are sent without the invoices."""
    op.execute("ALTER TABLE outgoing_mails DROP COLUMN invoice_id")
