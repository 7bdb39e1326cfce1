"""The settings of connections to a database."""

from sqlalchemy import text

from app.wiring.resources import Shop


async def test_a_commit_is_synced_to_the_disk(shop: Shop) -> None:
    asked, durable = (
        ("PRAGMA synchronous", 2) if shop.database.is_sqlite else ("SHOW synchronous_commit", "on")
    )
    async with shop.database.write() as session:
        assert await session.scalar(text(asked)) == durable
