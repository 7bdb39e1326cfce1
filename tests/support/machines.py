"""The API key of requests of tests, unless they use another caller."""

from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite

from app.models import ApiKey
from app.security.areas import SCOPES
from app.security.tokens import digest_of
from app.settings import Settings
from app.wiring.resources import Shop

KEY_ID = UUID("0199a1b2-7c00-7d00-8e00-000000000001")
KEY = f"lavka_{KEY_ID.hex}_for-tests-only"
AUTHORIZATION = {"Authorization": f"Bearer {KEY}"}
NAME = f"api-key {KEY_ID}"


async def let_machine_into(settings: Settings) -> None:
    """Add the key to the shop of another process."""
    shop = Shop(settings)
    try:
        await let_machine_in(shop)
    finally:
        await shop.close()


async def let_machine_in(shop: Shop) -> None:
    """Add the key, with every scope, to a shop."""
    now = shop.clock.now()
    values = {
        "name": "tests",
        "digest": digest_of(KEY),
        "scopes": list(SCOPES),
        "created_by": None,
        "created_at": now,
        # The first use is already recorded, so it changes no row.
        "last_used_at": now,
        "expires_at": None,
        "revoked_at": None,
    }
    insert = sqlite.insert if shop.database.is_sqlite else postgresql.insert
    statement = insert(ApiKey).values(id=KEY_ID, **values)
    async with shop.database.write() as session:
        await session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))
