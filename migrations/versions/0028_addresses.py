"""Addresses get a recipient, a company, a second line, a phone number, and a default for billing."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"

# A constant default: neither database writes the rows again.
_COLUMNS = {
    "recipient": "VARCHAR(200) NOT NULL DEFAULT ''",
    "company": "VARCHAR(200) NOT NULL DEFAULT ''",
    "line2": "VARCHAR(200) NOT NULL DEFAULT ''",
    "phone": "VARCHAR(40) NOT NULL DEFAULT ''",
    "is_default_billing": "BOOLEAN NOT NULL DEFAULT false",
}


def upgrade() -> None:
    """Add the columns, which are empty, and the index that holds one default for billing."""
    if op.get_bind().dialect.name == "postgresql":
        # Better to fail and be run again than to queue every request behind a waiting lock.
        op.execute("SET LOCAL lock_timeout = '5s'")
    for name, kind in _COLUMNS.items():
        op.execute(f"ALTER TABLE addresses ADD COLUMN {name} {kind}")
    op.create_index(
        "uq_addresses_default_billing",
        "addresses",
        ["user_id"],
        unique=True,
        postgresql_where=sa.text("is_default_billing"),
        sqlite_where=sa.text("is_default_billing"),
    )


def downgrade() -> None:
    """Drop the index and the columns."""
    op.drop_index("uq_addresses_default_billing", "addresses")
    for name in _COLUMNS:
        op.execute(f"ALTER TABLE addresses DROP COLUMN {name}")
