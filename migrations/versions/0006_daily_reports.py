"""The report of each day of the shop, with its lines and its products."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_IS_CANCELLED = sa.text("to_status = 'cancelled'")
_COUNTS = (
    "orders_count",
    "units",
    "gross_minor",
    "cancelled_count",
    "cancelled_units",
    "cancelled_minor",
    "late_count",
    "late_units",
    "late_minor",
)


def upgrade() -> None:
    """Apply."""
    if op.get_bind().dialect.name == "postgresql":
        # Better to fail and be run again than to queue every request behind a waiting CREATE INDEX.
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index(
        "ix_order_changes_cancelled",
        "order_changes",
        ["changed_at"],
        postgresql_where=_IS_CANCELLED,
        sqlite_where=_IS_CANCELLED,
    )
    op.create_table(
        "daily_reports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("report_day", sa.Date(), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _COUNTS),
        sa.Column("first_order_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_order_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("by_hour", sa.JSON(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_daily_reports")),
        sa.UniqueConstraint("report_day", name=op.f("uq_daily_reports_report_day")),
    )
    op.create_index(op.f("ix_daily_reports_starts_at_id"), "daily_reports", ["starts_at", "id"])
    _create_parts()


def _create_parts() -> None:
    op.create_table(
        "report_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("report_day", sa.Date(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("order_number", sa.BigInteger(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["report_day"], ["daily_reports.report_day"], op.f("fk_report_lines_report_day")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], op.f("fk_report_lines_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_lines")),
    )
    op.create_index(
        op.f("ix_report_lines_report_day_placed_at_id"),
        "report_lines",
        ["report_day", "placed_at", "id"],
    )
    op.create_table(
        "report_products",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("report_day", sa.Date(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("gross_minor", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_units", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["report_day"], ["daily_reports.report_day"], op.f("fk_report_products_report_day")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], op.f("fk_report_products_product_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_products")),
    )
    op.create_index(
        op.f("ix_report_products_report_day_gross_minor_id"),
        "report_products",
        ["report_day", "gross_minor", "id"],
    )


def downgrade() -> None:
    """Take back."""
    for table in ("report_products", "report_lines", "daily_reports"):
        op.drop_table(table)
    op.drop_index("ix_order_changes_cancelled", "order_changes")
