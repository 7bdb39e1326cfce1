"""The money of daily reports: payments, refunds, invoices and credit notes by currency."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"

_AMOUNTS = (
    "captured_minor",
    "refunded_minor",
    "invoiced_minor",
    "credited_minor",
    "not_invoiced_minor",
    "overpaid_minor",
    "not_paid_minor",
)


def upgrade() -> None:
    """Add the table, and the column that is null in the reports that exist."""
    if op.get_bind().dialect.name == "postgresql":
        # Better to fail and be run again than to queue every request behind a waiting lock.
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE daily_reports ADD COLUMN money_count BIGINT")
    op.create_table(
        "report_money",
        sa.Column("report_day", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _AMOUNTS),
        sa.Column("providers", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["report_day"], ["daily_reports.report_day"], name=op.f("fk_report_money_report_day")
        ),
        sa.PrimaryKeyConstraint("report_day", "currency", name=op.f("pk_report_money")),
    )


def downgrade() -> None:
    """Drop the table and the column: the reports can be made again."""
    op.drop_table("report_money")
    op.execute("ALTER TABLE daily_reports DROP COLUMN money_count")
