"""Payments of orders, their steps and refunds, and the bank for tests."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"

_MOMENT = sa.DateTime(timezone=True)


def _column(name: str, kind: object, *, is_optional: bool = False) -> sa.Column[object]:
    return sa.Column(name, kind, nullable=is_optional)  # type: ignore[arg-type]


def upgrade() -> None:
    """Add the sums of orders, which are zero, and the tables."""
    if op.get_bind().dialect.name == "postgresql":
        # Better to fail and be run again than to queue every request behind a waiting lock.
        op.execute("SET LOCAL lock_timeout = '5s'")
    for name in ("paid_minor", "refunded_minor"):
        op.execute(f"ALTER TABLE orders ADD COLUMN {name} BIGINT NOT NULL DEFAULT 0")
    _create_payments()
    _create_steps_and_refunds()
    _create_bank()


def _create_payments() -> None:
    op.create_table(
        "payments",
        _column("id", sa.Uuid()),
        _column("order_id", sa.Uuid()),
        _column("provider", sa.String(20)),
        _column("reference", sa.String(100), is_optional=True),
        _column("request_key", sa.String(255), is_optional=True),
        _column("status", sa.String(20)),
        _column("currency", sa.String(3)),
        _column("amount_minor", sa.BigInteger()),
        _column("captured_minor", sa.BigInteger()),
        _column("refunded_minor", sa.BigInteger()),
        _column("failure", sa.String(200), is_optional=True),
        _column("attention", sa.String(20), is_optional=True),
        _column("note", sa.Text(), is_optional=True),
        _column("created_at", _MOMENT),
        _column("updated_at", _MOMENT),
        _column("version", sa.BigInteger()),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_payments_amount_minor")),
        sa.CheckConstraint("captured_minor >= 0", name=op.f("ck_payments_captured_minor")),
        sa.CheckConstraint(
            "refunded_minor BETWEEN 0 AND captured_minor", name=op.f("ck_payments_refunded_minor")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_payments_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        sa.UniqueConstraint("order_id", "request_key", name=op.f("uq_payments_order_id")),
        sa.UniqueConstraint("provider", "reference", name=op.f("uq_payments_provider")),
    )
    op.create_index(op.f("ix_payments_created_at_id"), "payments", ["created_at", "id"])
    seen = sa.text("attention IS NOT NULL")
    op.create_index(
        "ix_payments_attention",
        "payments",
        ["created_at", "id"],
        postgresql_where=seen,
        sqlite_where=seen,
    )


def _create_steps_and_refunds() -> None:
    op.create_table(
        "payment_steps",
        _column("payment_id", sa.Uuid()),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        _column("status", sa.String(20)),
        _column("captured_minor", sa.BigInteger()),
        _column("refunded_minor", sa.BigInteger()),
        _column("actor", sa.String(100)),
        _column("happened_at", _MOMENT),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.id"], name=op.f("fk_payment_steps_payment_id")
        ),
        sa.PrimaryKeyConstraint("payment_id", "seq", name=op.f("pk_payment_steps")),
    )
    op.create_index(op.f("ix_payment_steps_happened_at"), "payment_steps", ["happened_at"])
    op.create_table(
        "refunds",
        _column("id", sa.Uuid()),
        _column("payment_id", sa.Uuid()),
        _column("order_id", sa.Uuid()),
        _column("request_key", sa.String(255), is_optional=True),
        _column("status", sa.String(20)),
        _column("currency", sa.String(3)),
        _column("amount_minor", sa.BigInteger()),
        _column("reason", sa.String(200)),
        _column("reference", sa.String(100), is_optional=True),
        _column("failure", sa.String(200), is_optional=True),
        _column("actor", sa.String(100)),
        _column("created_at", _MOMENT),
        _column("updated_at", _MOMENT),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_refunds_amount_minor")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_refunds_order_id")),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.id"], name=op.f("fk_refunds_payment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("payment_id", "request_key", name=op.f("uq_refunds_payment_id")),
    )
    op.create_index(op.f("ix_refunds_order_id"), "refunds", ["order_id"])


def _create_bank() -> None:
    op.create_table(
        "bank_payments",
        _column("reference", sa.String(100)),
        _column("request_key", sa.String(100)),
        _column("payment_id", sa.Uuid()),
        _column("order_id", sa.Uuid()),
        _column("order_number", sa.BigInteger()),
        _column("status", sa.String(20)),
        _column("currency", sa.String(3)),
        _column("amount_minor", sa.BigInteger()),
        _column("captured_minor", sa.BigInteger()),
        _column("refunded_minor", sa.BigInteger()),
        _column("captures_by_itself", sa.Boolean()),
        _column("return_url", sa.String(500), is_optional=True),
        _column("created_at", _MOMENT),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_bank_payments")),
        sa.UniqueConstraint("request_key", name=op.f("uq_bank_payments_request_key")),
    )
    op.create_table(
        "bank_refunds",
        _column("request_key", sa.String(100)),
        _column("reference", sa.String(100)),
        _column("amount_minor", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["reference"], ["bank_payments.reference"], name=op.f("fk_bank_refunds_reference")
        ),
        sa.PrimaryKeyConstraint("request_key", name=op.f("pk_bank_refunds")),
    )


def downgrade() -> None:
    """Drop the tables and the sums.

    Raises:
        RuntimeError: there are payments, which the schema before cannot have.
    """
    if op.get_bind().execute(sa.text("SELECT 1 FROM payments LIMIT 1")).first():
        raise RuntimeError("payments cannot go back: their money would be forgotten")
    for table in ("bank_refunds", "bank_payments", "refunds", "payment_steps", "payments"):
        op.drop_table(table)
    for name in ("paid_minor", "refunded_minor"):
        op.execute(f"ALTER TABLE orders DROP COLUMN {name}")
