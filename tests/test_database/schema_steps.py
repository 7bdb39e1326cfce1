"""Upgrades and downgrades the schema of a database, and fills a shop."""

import httpx
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from app.database.sessions import Database
from tests.support.factories import create_product, create_user, place_order
from tests.support.ledger import every
from tests.support.processes import ROOT

SCRIPTS = ROOT / "migrations"


def configuration(connection: Connection) -> Config:
    """Return the configuration of Alembic for a connection."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


async def forget_statements(database: Database) -> None:
    """Make reads prepare their statements again, like a new process."""
    await database.reader.dispose()


async def upgrade(database: Database, revision: str) -> None:
    """Upgrade to a revision."""
    async with database.writer.begin() as connection:
        await connection.run_sync(lambda sync: command.upgrade(configuration(sync), revision))
    await forget_statements(database)


async def downgrade(database: Database, revision: str) -> None:
    """Downgrade to a revision."""
    async with database.writer.begin() as connection:
        await connection.run_sync(lambda sync: command.downgrade(configuration(sync), revision))
    await forget_statements(database)


async def fill(client: httpx.AsyncClient) -> None:
    """Place an order for Green Tea."""
    user = await create_user(client)
    product = await create_product(client, name="Green Tea")
    await place_order(client, user["id"], {product["id"]: 3})


async def found(client: httpx.AsyncClient, words: str) -> list[str]:
    """Return the names of the products that a search finds."""
    return sorted(each["name"] for each in await every(client, "/products", q=words))
