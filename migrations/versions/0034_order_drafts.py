"""Drafts of orders, and discounts of orders that no promotion gave."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the table, and let discounts be without a promotion."""
    if _is_postgresql():
        # Better to fail and be run again than to queue every request behind a waiting lock.
        op.execute("SET LOCAL lock_timeout = '5s'")
        op.alter_column("order_adjustments", "promotion_id", nullable=True)
    else:
        _replace_in_schema("promotion_id CHAR(32) NOT NULL", "promotion_id CHAR(32)")
    op.create_table(
        "order_drafts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("email", sa.String(320), nullable=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("discounts", sa.JSON(), nullable=False),
        sa.Column("delivery_address", sa.JSON(), nullable=True),
        sa.Column("billing_address", sa.JSON(), nullable=True),
        sa.Column("shipping_method_id", sa.Uuid(), nullable=True),
        sa.Column("shipping_price_minor", sa.BigInteger(), nullable=True),
        sa.Column("vat_number", sa.String(20), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("locale", sa.String(35), nullable=False),
        sa.Column("pay_hours", sa.BigInteger(), nullable=True),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_order_drafts_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_drafts")),
    )
    op.create_index("ix_order_drafts_created_at_id", "order_drafts", ["created_at", "id"])
    op.create_index("ix_order_drafts_updated_at", "order_drafts", ["updated_at"])
    of_users = sa.text("user_id IS NOT NULL")
    op.create_index(
        "ix_order_drafts_user_id",
        "order_drafts",
        ["user_id"],
        postgresql_where=of_users,
        sqlite_where=of_users,
    )


def downgrade() -> None:
    """Drop the table.

    Raises:
        RuntimeError: there are discounts without a promotion, which the schema before cannot have.
    """
    manual = "SELECT 1 FROM order_adjustments WHERE promotion_id IS NULL LIMIT 1"
    if op.get_bind().execute(sa.text(manual)).first():
        raise RuntimeError("discounts of staff cannot go back: the schema before needs a promotion")
    op.drop_table("order_drafts")
    if _is_postgresql():
        op.alter_column("order_adjustments", "promotion_id", nullable=False)
    else:
        _replace_in_schema("promotion_id CHAR(32)", "promotion_id CHAR(32) NOT NULL")


def _replace_in_schema(before: str, after: str) -> None:
    """Replace a constraint of the discounts of SQLite, whose rows fulfil it.

    The way of https://www.sqlite.org/lang_altertable.html#otheralter, as revision 0029 does.
    """
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    changed = connection.execute(
        sa.text(
            "UPDATE sqlite_schema SET sql = replace(sql, :before, :after) "
            "WHERE type = 'table' AND name = 'order_adjustments' AND instr(sql, :before) > 0"
        ),
        {"before": before, "after": after},
    )
    if changed.rowcount != 1:
        raise RuntimeError(f"the table of discounts does not have {before}")
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = RESET")


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"
