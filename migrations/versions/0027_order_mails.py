"""Mails in HTML and to customers without an account, and which mails of orders were written."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Allow mails without a user, add their HTML, and create the table, which is empty."""
    if op.get_bind().dialect.name == "postgresql":
        # Better to fail and be run again than to queue every request behind a waiting lock.
        op.execute("SET LOCAL lock_timeout = '5s'")
    with op.batch_alter_table("outgoing_mails") as table:
        table.alter_column("user_id", existing_type=sa.Uuid(), nullable=True)
        table.add_column(sa.Column("html", sa.Text(), nullable=True))
    op.create_table(
        "order_mails",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_mails_order_id")),
        sa.PrimaryKeyConstraint("order_id", "kind", name=op.f("pk_order_mails")),
    )


def downgrade() -> None:
    """Drop the table and the HTML, and delete waiting mails to customers without an account."""
    op.drop_table("order_mails")
    op.execute("DELETE FROM outgoing_mails WHERE user_id IS NULL")
    with op.batch_alter_table("outgoing_mails") as table:
        table.drop_column("html")
        table.alter_column("user_id", existing_type=sa.Uuid(), nullable=False)
