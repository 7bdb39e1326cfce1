"""Orders of carts: also of guests, with what was chosen at the checkout, and what promotions took."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"

_MOMENT = sa.DateTime(timezone=True)
_NEW = {
    "email": "VARCHAR(320)",
    "email_key": "VARCHAR(1000)",
    "billing_address": "JSON",
    "note": "TEXT",
    "locale": "VARCHAR(35)",
}


def upgrade() -> None:
    """Add the columns, which are empty, and the table."""
    if _is_postgresql():
        # Better to fail and be run again than to queue every request behind a waiting lock.
        op.execute("SET LOCAL lock_timeout = '5s'")
        op.alter_column("orders", "user_id", nullable=True)
    else:
        _replace_in_schema("user_id CHAR(32) NOT NULL", "user_id CHAR(32)")
    for name, kind in _NEW.items():
        op.execute(f"ALTER TABLE orders ADD COLUMN {name} {kind}")
    op.execute(f"ALTER TABLE orders ADD COLUMN pay_by {_moment()}")
    waiting = sa.text("pay_by IS NOT NULL")
    op.create_index(
        "ix_orders_pay_by", "orders", ["pay_by"], postgresql_where=waiting, sqlite_where=waiting
    )
    given = sa.text("email_key IS NOT NULL")
    op.create_index(
        "ix_orders_email_key",
        "orders",
        ["email_key"],
        postgresql_where=given,
        sqlite_where=given,
    )
    op.add_column("carts", sa.Column("order_id", sa.Uuid(), nullable=True))
    _index_carts("user_id IS NOT NULL AND order_id IS NULL")
    ordered = sa.text("order_id IS NOT NULL")
    op.create_index(
        "uq_carts_order_id",
        "carts",
        ["order_id"],
        unique=True,
        postgresql_where=ordered,
        sqlite_where=ordered,
    )
    _create_adjustments()


def _create_adjustments() -> None:
    op.create_table(
        "order_adjustments",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("promotion_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(64), nullable=True),
        sa.Column("label", sa.String(100), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_order_adjustments_amount_minor")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_adjustments_order_id")
        ),
        sa.PrimaryKeyConstraint("order_id", "seq", name=op.f("pk_order_adjustments")),
    )


def _index_carts(condition: str) -> None:
    op.drop_index("uq_carts_user_id", "carts")
    open_ones = sa.text(condition)
    op.create_index(
        "uq_carts_user_id",
        "carts",
        ["user_id"],
        unique=True,
        postgresql_where=open_ones,
        sqlite_where=open_ones,
    )


def downgrade() -> None:
    """Drop the columns and the table, and the carts that were ordered.

    Raises:
        RuntimeError: there are orders of guests, which the schema before cannot have.
    """
    if op.get_bind().execute(sa.text("SELECT 1 FROM orders WHERE user_id IS NULL LIMIT 1")).first():
        raise RuntimeError("orders of guests cannot go back: the schema before needs a user")
    op.drop_table("order_adjustments")
    op.execute("DELETE FROM carts WHERE order_id IS NOT NULL")
    op.drop_index("uq_carts_order_id", "carts")
    _index_carts("user_id IS NOT NULL")
    op.drop_column("carts", "order_id")
    for name in ("ix_orders_pay_by", "ix_orders_email_key"):
        op.drop_index(name, "orders")
    for name in (*_NEW, "pay_by"):
        op.execute(f"ALTER TABLE orders DROP COLUMN {name}")
    if _is_postgresql():
        op.alter_column("orders", "user_id", nullable=False)
    else:
        _replace_in_schema("user_id CHAR(32)", "user_id CHAR(32) NOT NULL")


def _replace_in_schema(before: str, after: str) -> None:
    """Replace a constraint of the orders of SQLite, whose rows fulfil it.

    The way of https://www.sqlite.org/lang_altertable.html#otheralter: a table that others refer to
    cannot be copied inside a transaction.
    """
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    changed = connection.execute(
        sa.text(
            "UPDATE sqlite_schema SET sql = replace(sql, :before, :after) "
            "WHERE type = 'table' AND name = 'orders' AND instr(sql, :before) > 0"
        ),
        {"before": before, "after": after},
    )
    if changed.rowcount != 1:
        raise RuntimeError(f"the table of orders does not have {before}")
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = RESET")


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _moment() -> str:
    return "TIMESTAMP WITH TIME ZONE" if _is_postgresql() else "DATETIME"
