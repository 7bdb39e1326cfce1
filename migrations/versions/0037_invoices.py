"""Invoices and credit notes, and the counters of their numbers."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"


def _column(name: str, kind: object, *, is_optional: bool = False) -> sa.Column[object]:
    return sa.Column(name, kind, nullable=is_optional)  # type: ignore[arg-type]


def upgrade() -> None:
    """Add the tables."""
    if op.get_bind().dialect.name == "postgresql":
        # Better to fail and be run again than to queue every request behind a waiting lock.
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "invoice_series",
        _column("series", sa.String(20)),
        _column("next_number", sa.BigInteger()),
        sa.CheckConstraint("next_number > 0", name=op.f("ck_invoice_series_next_number")),
        sa.PrimaryKeyConstraint("series", name=op.f("pk_invoice_series")),
    )
    op.create_table("invoices", *_columns(), *_constraints())
    for columns in (["order_id"], ["corrects_id"], ["issued_at", "id"]):
        op.create_index(op.f(f"ix_invoices_{'_'.join(columns)}"), "invoices", columns)
    is_invoice = sa.text("kind = 'invoice'")
    op.create_index(
        "uq_invoices_order_id",
        "invoices",
        ["order_id"],
        unique=True,
        postgresql_where=is_invoice,
        sqlite_where=is_invoice,
    )


def _columns() -> list[sa.Column[object]]:
    return [
        _column("id", sa.Uuid()),
        _column("series", sa.String(20)),
        _column("number", sa.BigInteger()),
        _column("kind", sa.String(20)),
        _column("order_id", sa.Uuid()),
        _column("order_number", sa.BigInteger()),
        _column("corrects_id", sa.Uuid(), is_optional=True),
        _column("corrects_number", sa.String(40), is_optional=True),
        _column("refund_id", sa.Uuid(), is_optional=True),
        _column("issued_at", sa.DateTime(timezone=True)),
        _column("issued_on", sa.Date()),
        _column("supplied_on", sa.Date()),
        _column("currency", sa.String(3)),
        _column("prices_include_tax", sa.Boolean()),
        _column("locale", sa.String(35), is_optional=True),
        *(_column(name, sa.JSON()) for name in ("seller", "buyer", "lines", "taxes")),
        *(_column(f"{name}_minor", sa.BigInteger()) for name in ("net", "tax", "total")),
        _column("digest", sa.String(64)),
    ]


def _constraints() -> list[sa.Constraint]:
    return [
        sa.CheckConstraint("number > 0", name=op.f("ck_invoices_number")),
        sa.CheckConstraint(
            "net_minor + tax_minor = total_minor", name=op.f("ck_invoices_total_minor")
        ),
        sa.CheckConstraint("net_minor >= 0", name=op.f("ck_invoices_net_minor")),
        sa.CheckConstraint("tax_minor >= 0", name=op.f("ck_invoices_tax_minor")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_invoices_order_id")),
        sa.ForeignKeyConstraint(
            ["corrects_id"], ["invoices.id"], name=op.f("fk_invoices_corrects_id")
        ),
        sa.ForeignKeyConstraint(["refund_id"], ["refunds.id"], name=op.f("fk_invoices_refund_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoices")),
        sa.UniqueConstraint("refund_id", name=op.f("uq_invoices_refund_id")),
        sa.UniqueConstraint("series", "number", name=op.f("uq_invoices_series")),
    ]


def downgrade() -> None:
    """Drop the tables.

    Raises:
        RuntimeError: there are invoices, which the law requires to be kept.
    """
    if op.get_bind().execute(sa.text("SELECT 1 FROM invoices LIMIT 1")).first():
        raise RuntimeError("invoices cannot go back: the law requires that they are kept")
    op.drop_table("invoices")
    op.drop_table("invoice_series")
