"""Each migration can be applied and reverted, and keeps the existing data."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from app.database.advisory_locks import AdvisoryLock
from app.database.migrate import migrate, newest_revision
from app.database.sessions import Database
from app.errors import Unavailable
from app.models import Base
from app.wiring.lifecycle import migrate_shop
from app.wiring.resources import Shop
from tests.conftest import client_of, postgres_settings, running
from tests.support.applications import WITH_ORDERS, with_routes_of
from tests.support.ledger import every
from tests.support.processes import ROOT, away, run
from tests.support.servers import PostgresServer
from tests.support.servers.postgres import BARE
from tests.test_database.schema_steps import SCRIPTS, configuration, downgrade, fill, upgrade

# A migration fills these tables from existing rows; it may be the newest migration.
MADE = {"categories", "category_tree"}
# The migration creates the categories again, with other ids.
OTHER = {"primary_category_id"}
FILLED = {
    "api_keys",
    "applied_settings",
    "audit_events",
    "categories",
    "category_tree",
    "errands",
    "order_changes",
    "order_items",
    "orders",
    "outgoing_mails",
    "products",
    "shop_secrets",
    "stock_movements",
    "users",
    "variants",
}


@pytest.fixture(name="shop")
def shop_without_a_schema(bare_shop: Shop) -> Shop:
    """A shop whose database is empty, on each database in turn."""
    return bare_shop


async def tables_of(database: Database) -> set[str]:
    """Return the names of all tables."""
    async with database.writer.begin() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def revision_of(database: Database) -> str | None:
    """Return the revision of the schema."""
    async with database.read() as session:
        revision: str | None = await session.scalar(text("SELECT version_num FROM alembic_version"))
        return revision


async def rows_of(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Return all rows, by table."""
    names = await tables_of(database) & set(Base.metadata.tables)
    async with database.read() as session:
        return {
            name: [
                dict(row)
                for row in (await session.execute(text(f"SELECT * FROM {name}"))).mappings()
            ]
            for name in names
        }


def columns_of(
    wanted: dict[str, list[dict[str, Any]]], rows: dict[str, list[dict[str, Any]]]
) -> dict[str, list[str]]:
    """Return the rows of the wanted tables, reduced to the wanted columns."""
    return {
        name: sorted(
            repr(
                {
                    column: row[column]
                    for column in sorted(row.keys() & wanted[name][0].keys() - OTHER)
                }
            )
            for row in rows[name]
        )
        for name in wanted.keys() & rows.keys() - MADE
        if wanted[name]
    }


def test_the_newest_revision_is_the_head_of_alembic() -> None:
    scripts = ScriptDirectory(str(SCRIPTS))
    assert scripts.get_heads() == [newest_revision()]


def test_the_name_of_every_migration_begins_with_its_revision() -> None:
    scripts = ScriptDirectory(str(SCRIPTS))
    for script in scripts.walk_revisions():
        assert Path(script.path).name.startswith(f"{script.revision}_")


async def test_an_empty_database_gets_every_table_once(shop: Shop) -> None:
    assert await migrate(shop.database)
    assert await tables_of(shop.database) >= set(Base.metadata.tables)
    assert await revision_of(shop.database) == newest_revision()
    assert not await migrate(shop.database)


async def test_the_models_equal_the_schema_of_the_migrations(shop: Shop) -> None:
    await migrate(shop.database)
    async with shop.database.writer.begin() as connection:
        await connection.run_sync(lambda sync: command.check(configuration(sync)))


async def test_each_migration_can_be_reverted_and_applied_again(shop: Shop) -> None:
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


async def test_a_shop_works_after_all_migrations_were_reverted_and_applied_again(
    shop: Shop,
) -> None:
    await migrate(shop.database)
    await downgrade(shop.database, "base")
    assert await tables_of(shop.database) == {"alembic_version"}
    assert await migrate(shop.database)
    async with (
        running(with_routes_of(Shop(shop.settings), WITH_ORDERS)) as app,
        client_of(app) as client,
    ):
        await fill(client)
        (order,) = await every(client, "/orders")
        assert (order["number"], order["units"]) == (1, 3)


async def test_the_newest_migration_keeps_the_data_when_reverted_and_applied_again(
    shop: Shop,
) -> None:
    async with (
        running(with_routes_of(Shop(shop.settings), WITH_ORDERS)) as app,
        client_of(app) as client,
    ):
        await fill(client)
        before = await rows_of(shop.database)
        await downgrade(shop.database, "-1")
        older = await rows_of(shop.database)
        assert {name for name, rows in older.items() if rows} | MADE == FILLED
        assert columns_of(before, older) == columns_of(older, before) != {}
        await upgrade(shop.database, "head")
        after = await rows_of(shop.database)
        assert columns_of(before, after) == columns_of(before, before)
        # The rows that the migration itself adds are created again, or deleted with it.
        assert {name for name, rows in after.items() if rows} == FILLED
        assert len(before["order_items"]) == 1


async def test_processes_that_start_at_once_migrate_once(shop: Shop) -> None:
    others = [Database(shop.settings.database_url) for _ in range(3)]
    outcomes = await asyncio.gather(*(migrate(each) for each in (shop.database, *others)))
    assert sorted(outcomes) == [False, False, False, True]
    assert await revision_of(shop.database) == newest_revision()
    for each in others:
        await each.close()


async def test_a_migration_may_take_longer_than_a_request(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.database.engines._STATEMENT_TIMEOUT_SECONDS", 1)
    monkeypatch.setattr("app.database.engines._ANSWER_TIMEOUT_SECONDS", 1)
    postgres_server.create_database("slow", template=BARE)
    shop, other = (Shop(postgres_settings(postgres_server, "slow")) for _ in range(2))
    async with other.database.write() as session:
        # A process that migrates holds this lock, and the next one waits for it.
        await session.execute(text(f"SELECT pg_advisory_xact_lock({AdvisoryLock.MIGRATION})"))
        waiting = asyncio.create_task(migrate_shop(shop))
        await asyncio.sleep(2.5)
        assert not waiting.done()
    assert await waiting
    with pytest.raises(Unavailable):
        async with shop.database.write() as session:
            await session.execute(text("SELECT pg_sleep(2)"))
    for each in (shop, other):
        await each.close()
    postgres_server.drop_database("slow")


async def test_the_previous_release_runs_on_the_schema_of_the_next(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    await migrate(shop.database)
    async with shop.database.write() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert not await migrate(shop.database)
    assert "migrated to 9999 by a newer release" in caplog.text
    assert await revision_of(shop.database) == "9999"
    async with (
        running(with_routes_of(Shop(shop.settings), WITH_ORDERS)) as app,
        client_of(app) as client,
    ):
        await fill(client)
        assert len(await every(client, "/orders")) == 1


async def test_a_migration_that_fails_is_rolled_back(
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


def test_the_alembic_command_names_a_database_that_does_not_answer(tmp_path: Path) -> None:
    done = run(away(tmp_path), ROOT, "-m", "alembic", "current")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        "error: postgresql+asyncpg://lavka:***@127.0.0.1:"
    )
    assert "Traceback" not in done.stderr


async def test_a_new_migration_gets_the_next_number(shop: Shop, tmp_path: Path) -> None:
    shutil.copy(ROOT / "alembic.ini", tmp_path)
    shutil.copytree(SCRIPTS, tmp_path / "migrations")
    await migrate(shop.database)
    revision = ("revision", "--autogenerate", "-m", "a change")
    # Once is enough to find a missing import.
    by_python = shop.settings.db_host is not None
    done = run(shop.settings, tmp_path, "-m", "alembic", *revision, by_python=by_python)
    assert done.returncode == 0, done.stderr
    before = {path.name for path in (SCRIPTS / "versions").glob("*.py")}
    added = {path.name for path in (tmp_path / "migrations/versions").glob("*.py")} - before
    assert added == {f"{int(newest_revision()) + 1:04}_a_change.py"}
