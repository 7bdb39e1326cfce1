"""Room for the key of a region, which is longer than its name if case-folding adds letters."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    """Lengthen the column."""
    if op.get_bind().dialect.name == "postgresql":
        # Better to fail and be run again than to queue every request behind a waiting lock.
        op.execute("SET LOCAL lock_timeout = '5s'")
    _change_length(100, 300)


def downgrade() -> None:
    """Shorten the column; rates whose key is too long, which did not exist before, are deleted."""
    op.execute("DELETE FROM tax_rates WHERE length(region_key) > 100")
    _change_length(300, 100)


def _change_length(before: int, after: int) -> None:
    # SQLite copies the table.
    with op.batch_alter_table("tax_rates") as table:
        table.alter_column(
            "region_key",
            existing_type=sa.String(before),
            type_=sa.String(after),
            existing_nullable=False,
        )
