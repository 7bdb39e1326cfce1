"""Guests prove their addresses of mail; carts are found by theirs, and orders wait to be cleared."""

import unicodedata
from typing import Any

import idna
import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"

_CARTS = sa.table(
    "carts",
    sa.column("id", sa.Uuid()),
    sa.column("email", sa.String(length=320)),
    sa.column("email_key", sa.String(length=1000)),
)
_MOMENT = sa.DateTime(timezone=True)
_AT_ONCE = 1_000


def upgrade() -> None:
    """Add the columns and the table, and set the keys of the carts that have an address."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    if is_postgresql:
        # Better to fail and be run again than to queue every request behind a waiting lock.
        op.execute("SET LOCAL lock_timeout = '5s'")
    moment = "TIMESTAMP WITH TIME ZONE" if is_postgresql else "DATETIME"
    op.execute("ALTER TABLE carts ADD COLUMN email_key VARCHAR(1000)")
    op.execute(f"ALTER TABLE orders ADD COLUMN erasure_asked_at {moment}")
    op.create_table(
        "guest_proofs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("email", sa.String(320), nullable=False),
        sa.Column("email_key", sa.String(1000), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guest_proofs")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_guest_proofs_token_digest")),
    )
    for column in ("email_key", "expires_at"):
        op.create_index(op.f(f"ix_guest_proofs_{column}"), "guest_proofs", [column])
    _set_keys()
    given = sa.text("email_key IS NOT NULL")
    op.create_index(
        "ix_carts_email_key", "carts", ["email_key"], postgresql_where=given, sqlite_where=given
    )


def downgrade() -> None:
    """Drop the columns and the table."""
    op.drop_index("ix_carts_email_key", "carts")
    op.execute("ALTER TABLE carts DROP COLUMN email_key")
    op.execute("ALTER TABLE orders DROP COLUMN erasure_asked_at")
    op.drop_table("guest_proofs")


def _set_keys() -> None:
    connection = op.get_bind()
    after = None
    while rows := connection.execute(_page(after)).all():
        for row in rows:
            its = sa.update(_CARTS).where(_CARTS.c.id == row.id)
            connection.execute(its.values(email_key=_key_of(row.email)))
        after = rows[-1].id


def _page(after: Any) -> sa.Select[Any]:
    page = sa.select(_CARTS).where(_CARTS.c.email.is_not(None)).order_by(_CARTS.c.id)
    return (page if after is None else page.where(_CARTS.c.id > after)).limit(_AT_ONCE)


def _key_of(email: str) -> str:
    local, at, domain = unicodedata.normalize("NFC", email).rpartition("@")
    name = domain.lower()
    if not name.isascii() or "xn--" in name:
        try:
            name = idna.encode(domain, uts46=True, std3_rules=True).decode()
        except idna.IDNAError:
            name = domain.casefold()
    return unicodedata.normalize("NFC", local.casefold() + at + name)
