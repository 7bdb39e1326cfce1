"""The index of the facets has all that SQLite needs to count products in it alone."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

_NAME = "ix_products_facets"
_COLUMNS = ["availability", "price_minor", "primary_category_id", "id"]


def upgrade() -> None:
    """Make the index again with two more columns."""
    _make([*_COLUMNS, "is_active", "archived_at"], "archived_at IS NULL AND is_active = 1")


def downgrade() -> None:
    """Make the index again as it was."""
    _make(_COLUMNS, "archived_at IS NULL AND is_active")


def _make(columns: list[str], of_sqlite: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        # Better to fail and be run again than to queue every request behind a waiting lock.
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(_NAME, "products")
    op.create_index(
        _NAME,
        "products",
        columns,
        postgresql_where=sa.text("archived_at IS NULL AND is_active"),
        sqlite_where=sa.text(of_sqlite),
    )
