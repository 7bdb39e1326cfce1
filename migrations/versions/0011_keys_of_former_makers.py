"""API keys of users who are no longer active administrators are revoked."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from app.core.ids import new_id

revision = "0011"
down_revision = "0010"

_MOMENT = sa.DateTime(timezone=True)
_USERS = sa.table(
    "users",
    sa.column("id", sa.Uuid()),
    sa.column("role", sa.String(length=20)),
    sa.column("is_active", sa.Boolean()),
)
_KEYS = sa.table(
    "api_keys",
    sa.column("id", sa.Uuid()),
    sa.column("created_by", sa.Uuid()),
    sa.column("revoked_at", _MOMENT),
)
_EVENTS = sa.table(
    "audit_events",
    sa.column("id", sa.Uuid()),
    sa.column("event", sa.String(length=50)),
    sa.column("actor", sa.String(length=100)),
    sa.column("subject_id", sa.Uuid()),
    sa.column("detail", sa.JSON()),
    sa.column("created_at", _MOMENT),
)


def upgrade() -> None:
    """Apply."""
    now = datetime.now(UTC)
    makers = sa.select(_USERS.c.id).where(_USERS.c.is_active, _USERS.c.role == "admin")
    revoked = (
        sa.update(_KEYS)
        .where(
            _KEYS.c.revoked_at.is_(None),
            _KEYS.c.created_by.is_not(None),
            _KEYS.c.created_by.not_in(makers),
        )
        .values(revoked_at=now)
        .returning(_KEYS.c.id)
    )
    events = [
        {
            "id": new_id(now),
            "event": "api-key.revoked",
            "actor": "system",
            "subject_id": key_id,
            "detail": {},
            "created_at": now,
        }
        for key_id in op.get_bind().scalars(revoked).all()
    ]
    if events:
        op.bulk_insert(_EVENTS, events)


def downgrade() -> None:
    """Take nothing back: a revoked key is revoked permanently."""
