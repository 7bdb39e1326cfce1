"""The schema goes up and down one step at a time, and data that is there survives."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from app.database import Database
from app.dependencies import Shop
from app.migration import migrate, newest_revision
from app.models import Base
from app.settings import Settings
from main import create_app
from tests.conftest import DATABASES, client_of, postgres_settings, running
from tests.factories import create_product, create_user, place_order
from tests.ledger import every
from tests.processes import ROOT, run
from tests.servers import PostgresServer

SCRIPTS = ROOT / "migrations"


@pytest_asyncio.fixture(name="shop", params=DATABASES, loop_scope="session")
async def bare_shop(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shop]:
    """A shop whose database is empty and without a schema, on each database in turn."""
    if request.param == "sqlite":
        its = Shop(Settings(_env_file=None, db_host=None, data_dir=tmp_path))
        yield its
        await its.close()
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    server.create_database("migrated")
    its = Shop(postgres_settings(server, "migrated"))
    yield its
    await its.close()
    server.drop_database("migrated")


def configuration(connection: Connection) -> Config:
    """Return what Alembic needs to work on a connection."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


async def upgrade(database: Database, revision: str) -> None:
    """Go up to a revision."""
    async with database.writer.begin() as connection:
        await connection.run_sync(lambda sync: command.upgrade(configuration(sync), revision))


async def downgrade(database: Database, revision: str) -> None:
    """Go down to a revision."""
    async with database.writer.begin() as connection:
        await connection.run_sync(lambda sync: command.downgrade(configuration(sync), revision))


async def tables_of(database: Database) -> set[str]:
    """Return the names of the tables that there are."""
    async with database.writer.begin() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def revision_of(database: Database) -> str | None:
    """Return where the schema is."""
    async with database.read() as session:
        revision: str | None = await session.scalar(text("SELECT version_num FROM alembic_version"))
        return revision


async def rows_of(database: Database) -> dict[str, list[str]]:
    """Return every row, by table."""
    async with database.read() as session:
        return {
            table.name: sorted(map(repr, (await session.execute(table.select())).all()))
            for table in Base.metadata.sorted_tables
        }


async def fill(client: httpx.AsyncClient) -> None:
    """Place an order for Green Tea."""
    user = await create_user(client)
    product = await create_product(client, name="Green Tea")
    await place_order(client, user["id"], {product["id"]: 3})


async def found(client: httpx.AsyncClient, words: str) -> list[str]:
    """Return the names of the products that a search finds."""
    return sorted(each["name"] for each in await every(client, "/products", q=words))


def test_the_newest_revision_is_alembics_head() -> None:
    scripts = ScriptDirectory(str(SCRIPTS))
    assert scripts.get_heads() == [newest_revision()]


def test_every_file_begins_with_its_revision() -> None:
    scripts = ScriptDirectory(str(SCRIPTS))
    for script in scripts.walk_revisions():
        assert Path(script.path).name.startswith(f"{script.revision}_")


async def test_an_empty_database_gets_every_table_once(shop: Shop) -> None:
    assert await migrate(shop.database)
    assert await tables_of(shop.database) >= set(Base.metadata.tables)
    assert await revision_of(shop.database) == newest_revision()
    assert not await migrate(shop.database)


async def test_the_models_are_what_the_migrations_make(shop: Shop) -> None:
    await migrate(shop.database)
    async with shop.database.writer.begin() as connection:
        await connection.run_sync(lambda sync: command.check(configuration(sync)))


async def test_each_step_goes_down_and_up_again(shop: Shop) -> None:
    scripts = ScriptDirectory(str(SCRIPTS))
    revisions = [script.revision for script in scripts.walk_revisions()][::-1]
    before = set[str]()
    for revision in revisions:
        await upgrade(shop.database, revision)
        after = await tables_of(shop.database)
        await downgrade(shop.database, "-1")
        assert await tables_of(shop.database) == before | {"alembic_version"}
        await upgrade(shop.database, revision)
        assert await tables_of(shop.database) == after
        before = after
    assert await revision_of(shop.database) == newest_revision()


async def test_down_to_nothing_and_up_again_makes_a_shop_that_works(shop: Shop) -> None:
    await migrate(shop.database)
    await downgrade(shop.database, "base")
    assert await tables_of(shop.database) == {"alembic_version"}
    assert await migrate(shop.database)
    async with running(create_app(Shop(shop.settings))) as app, client_of(app) as client:
        await fill(client)
        (order,) = await every(client, "/orders")
        assert (order["number"], order["units"]) == (1, 3)


async def test_data_survives_the_newest_step_down_and_up(shop: Shop) -> None:
    async with running(create_app(Shop(shop.settings))) as app, client_of(app) as client:
        await fill(client)
        before = await rows_of(shop.database)
        await downgrade(shop.database, "-1")
        await upgrade(shop.database, "head")
        assert await rows_of(shop.database) == before
        assert len(before["order_items"]) == 1


async def test_products_from_before_the_search_are_found(shop: Shop) -> None:
    await migrate(shop.database)
    async with running(create_app(Shop(shop.settings))) as app, client_of(app) as client:
        await fill(client)
        await downgrade(shop.database, "0001")
        await create_product(client, name="Black Tea")
        await upgrade(shop.database, "0002")
        await create_product(client, name="White Tea")
        assert await found(client, "tea") == ["Black Tea", "Green Tea", "White Tea"]
        assert await found(client, "black") == ["Black Tea"]


async def test_two_that_start_at_once_migrate_once(shop: Shop) -> None:
    others = [Database(shop.settings.database_url) for _ in range(3)]
    outcomes = await asyncio.gather(*(migrate(each) for each in (shop.database, *others)))
    assert sorted(outcomes) == [False, False, False, True]
    assert await revision_of(shop.database) == newest_revision()
    for each in others:
        await each.close()


async def test_a_migration_that_fails_leaves_nothing_behind(
    shop: Shop,
) -> None:
    async with shop.database.write() as session:
        await session.execute(text("CREATE TABLE orders (id INTEGER)"))
    with pytest.raises(Exception, match="already exists"):
        await migrate(shop.database)
    assert await tables_of(shop.database) == {"orders"}


async def test_the_alembic_command_works_on_the_configured_database(shop: Shop) -> None:
    for arguments in (["upgrade", "head"], ["check"], ["downgrade", "base"]):
        done = run(shop.settings, ROOT, "-m", "alembic", *arguments)
        assert done.returncode == 0, done.stderr
    assert await tables_of(shop.database) == {"alembic_version"}
