"""Keys of e-mail addresses by which domains are compared as in the DNS."""

import unicodedata
from collections.abc import Callable
from typing import Any

import idna
import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_USERS = sa.table(
    "users",
    sa.column("id", sa.Uuid()),
    sa.column("email", sa.String(length=320)),
    sa.column("email_key", sa.String(length=1000)),
)
_AT_ONCE = 1_000


def upgrade() -> None:
    """Apply: of two users with one mailbox, one keeps the address without its key."""
    _replace_keys(_key_of_mailbox)


def downgrade() -> None:
    """Take back, with the same rule."""
    _replace_keys(_folded)


def _replace_keys(key_of: Callable[[str], str]) -> None:
    connection = op.get_bind()
    after = None
    while rows := connection.execute(_page(after)).all():
        for row in rows:
            key = key_of(row.email)
            if key == row.email_key:
                continue
            is_taken = sa.select(sa.exists().where(_USERS.c.email_key == key))
            if connection.scalar(is_taken):
                # No log-in and no look-up contains it; the user logs in with the username.
                key = f"{row.id} {key}"
            connection.execute(sa.update(_USERS).where(_USERS.c.id == row.id).values(email_key=key))
        after = rows[-1].id


def _page(after: Any) -> sa.Select[Any]:
    page = sa.select(_USERS).order_by(_USERS.c.id).limit(_AT_ONCE)
    return page if after is None else page.where(_USERS.c.id > after)


def _key_of_mailbox(email: str) -> str:
    local, at, domain = unicodedata.normalize("NFC", email).rpartition("@")
    name = domain.casefold()
    if not domain.isascii() or "xn--" in name:
        try:
            name = idna.encode(domain, uts46=True, std3_rules=True).decode()
        except idna.IDNAError:
            pass
    return unicodedata.normalize("NFC", local.casefold() + at + name)


def _folded(email: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", email).casefold())
