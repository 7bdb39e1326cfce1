"""Dead letters of one message id with different bodies."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_LETTERS = sa.table(
    "dead_letters",
    sa.column("id", sa.Uuid()),
    sa.column("body", sa.LargeBinary()),
    sa.column("body_digest", sa.LargeBinary(length=32)),
)
_AT_ONCE = 200


def upgrade() -> None:
    """Apply."""
    if op.get_bind().dialect.name == "postgresql":
        # Better to fail and be run again than to queue every request behind a waiting ALTER.
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "dead_letters", sa.Column("body_digest", sa.LargeBinary(length=32), nullable=True)
    )
    _fill()
    with op.batch_alter_table("dead_letters") as table:
        table.alter_column("body_digest", nullable=False)
        table.drop_constraint(op.f("uq_dead_letters_queue"), type_="unique")
        table.create_unique_constraint(
            op.f("uq_dead_letters_queue"), ["queue", "message_id", "body_digest"]
        )


def downgrade() -> None:
    """Take back: of several letters of one message id, the oldest remains."""
    op.execute(
        "DELETE FROM dead_letters WHERE EXISTS (SELECT 1 FROM dead_letters AS older"
        " WHERE older.queue = dead_letters.queue AND older.message_id = dead_letters.message_id"
        " AND older.id < dead_letters.id)"
    )
    with op.batch_alter_table("dead_letters") as table:
        table.drop_constraint(op.f("uq_dead_letters_queue"), type_="unique")
        table.create_unique_constraint(op.f("uq_dead_letters_queue"), ["queue", "message_id"])
        table.drop_column("body_digest")


def _fill() -> None:
    """Digest the bodies that are there, some at a time: each may have half a megabyte."""
    connection = op.get_bind()
    missing = (
        sa.select(_LETTERS.c.id, _LETTERS.c.body)
        .where(_LETTERS.c.body_digest.is_(None))
        .limit(_AT_ONCE)
    )
    while rows := connection.execute(missing).all():
        for row in rows:
            connection.execute(
                sa.update(_LETTERS)
                .where(_LETTERS.c.id == row.id)
                .values(body_digest=hashlib.sha256(bytes(row.body)).digest())
            )
