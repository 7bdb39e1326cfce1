"""Variants get a higher price that is shown beside their price."""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the column, which is empty."""
    if op.get_bind().dialect.name == "postgresql":
        # Better to fail and be run again than to queue every request behind a waiting lock.
        op.execute("SET LOCAL lock_timeout = '5s'")
    # SQLite adds a column with its constraint in one statement, or copies the table.
    op.execute(
        "ALTER TABLE variants ADD COLUMN compare_at_minor BIGINT "
        "CONSTRAINT ck_variants_compare_at_minor CHECK (compare_at_minor > price_minor)"
    )


def downgrade() -> None:
    """Drop the column."""
    op.execute("ALTER TABLE variants DROP COLUMN compare_at_minor")
