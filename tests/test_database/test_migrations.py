"""The schema goes up and down one step at a time, and data that is there survives."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, column, insert, inspect, select, table, text, update

from app.core.ids import new_id
from app.core.search_words import search_text
from app.database.advisory_locks import AdvisoryLock
from app.database.migrate import migrate, newest_revision
from app.database.sessions import Database
from app.errors import Unavailable
from app.models import ApiKey, AuditEvent, Base, Product, User, UserRole
from app.repositories.catalogue.product_repository import ProductRepository
from app.schemas.catalogue.product_schema import ProductQuery
from app.tables.identity import comparison_key
from app.wiring.lifecycle import migrate_shop
from app.wiring.resources import Shop
from main import create_app
from tests.conftest import DATABASES, client_of, postgres_settings, running, sqlite_settings
from tests.support.accounts import log_in
from tests.support.factories import create_product, create_user, place_order
from tests.support.ledger import every
from tests.support.machines import let_machine_in
from tests.support.processes import ROOT, run
from tests.support.servers import PostgresServer
from tests.support.servers.postgres import BARE

SCRIPTS = ROOT / "migrations"
# As the oldest schema has it: the models know columns that came later.
BLACK_TEA = {
    "id": UUID("0199a1b2-7c00-7d00-8e00-0123456789ab"),
    "sku": "black",
    "name": "Black Tea",
    "description": "",
    "category": "Tea",
    "price_minor": 499,
    "currency": "USD",
    "stock_quantity": 0,
    "search_text": "black tea",
    "is_active": True,
    "version": 1,
    "created_at": datetime(2026, 1, 31, tzinfo=UTC),
    "updated_at": datetime(2026, 1, 31, tzinfo=UTC),
}
FILLED = {
    "api_keys",
    "audit_events",
    "order_changes",
    "order_items",
    "orders",
    "outgoing_mails",
    "products",
    "shop_secrets",
    "stock_movements",
    "users",
}


@pytest_asyncio.fixture(name="shop", params=DATABASES, loop_scope="session")
async def bare_shop(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shop]:
    """A shop whose database is empty and without a schema, on each database in turn."""
    if request.param == "sqlite":
        its = Shop(sqlite_settings(tmp_path))
        yield its
        await its.close()
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    server.create_database("migrated", template=BARE)
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


async def forget_statements(database: Database) -> None:
    """Have reads prepare their statements again, as those of a process that starts do."""
    await database.reader.dispose()


async def upgrade(database: Database, revision: str) -> None:
    """Go up to a revision."""
    async with database.writer.begin() as connection:
        await connection.run_sync(lambda sync: command.upgrade(configuration(sync), revision))
    await forget_statements(database)


async def downgrade(database: Database, revision: str) -> None:
    """Go down to a revision."""
    async with database.writer.begin() as connection:
        await connection.run_sync(lambda sync: command.downgrade(configuration(sync), revision))
    await forget_statements(database)


async def tables_of(database: Database) -> set[str]:
    """Return the names of the tables that there are."""
    async with database.writer.begin() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def revision_of(database: Database) -> str | None:
    """Return where the schema is."""
    async with database.read() as session:
        revision: str | None = await session.scalar(text("SELECT version_num FROM alembic_version"))
        return revision


async def rows_of(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Return every row that there is, by table."""
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
    """Return the rows of the wanted tables, by their wanted columns."""
    return {
        name: sorted(
            repr({column: row[column] for column in wanted[name][0]}) for row in rows[name]
        )
        for name in wanted
        if wanted[name]
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
        older = await rows_of(shop.database)
        assert {name for name, rows in older.items() if rows} == FILLED
        assert columns_of(older, older) == columns_of(older, before)
        await upgrade(shop.database, "head")
        after = await rows_of(shop.database)
        assert columns_of(older, after) == columns_of(older, before)
        # The rows that the step itself added are deleted with it.
        assert {name for name, rows in after.items() if rows} == FILLED
        assert len(before["order_items"]) == 1


async def test_products_from_before_the_search_are_found(shop: Shop) -> None:
    await migrate(shop.database)
    async with running(create_app(Shop(shop.settings))) as app, client_of(app) as client:
        await fill(client)
        await downgrade(shop.database, "0001")
        async with shop.database.write() as session:
            known = (column(name, Product.__table__.c[name].type) for name in BLACK_TEA)
            await session.execute(insert(table("products", *known)).values(**BLACK_TEA))
        await upgrade(shop.database, "0002")
        await upgrade(shop.database, "head")
        await let_machine_in(shop)
        await create_product(client, name="White Tea")
        assert await found(client, "tea") == ["Black Tea", "Green Tea", "White Tea"]
        assert await found(client, "black") == ["Black Tea"]


async def test_users_of_two_domains_that_had_one_key_get_two(shop: Shop) -> None:
    emails = {"ada": "x@fa\u00df.de", "bob": "x@xn--fa-hia.de", "eve": "Eve@Example.com"}
    async with running(create_app(Shop(shop.settings))) as app, client_of(app) as client:
        ids = {name: (await create_user(client, username=name))["id"] for name in emails}
        await downgrade(shop.database, "0009")
        async with shop.database.write() as session:
            for name, email in emails.items():
                change = update(User).where(User.username == name)
                key = comparison_key(email)
                await session.execute(change.values(email=email, email_key=key))
        await upgrade(shop.database, "head")
        await let_machine_in(shop)
        other = await create_user(client, email="x@fass.de")
        for email, owner in (
            ("x@fa\u00df.de", ids["bob"]),
            ("x@XN--FA-HIA.de", ids["bob"]),
            ("x@fass.de", other["id"]),
            ("eve@example.com", ids["eve"]),
        ):
            found_users = await every(client, "/users", email=email)
            assert [each["id"] for each in found_users] == [owner]
        # The other user of one mailbox logs in with the username, and can still be changed.
        assert (await log_in(client, "ada")).status_code == 200
        path = f"/users/{ids['ada']}"
        assert (await client.patch(path, json={"first_name": "Bob"})).status_code == 200
        await downgrade(shop.database, "0009")
        await upgrade(shop.database, "head")


async def test_keys_of_those_who_are_no_administrators_are_revoked(shop: Shop) -> None:
    now = datetime(2026, 1, 31, tzinfo=UTC)
    async with running(create_app(Shop(shop.settings))) as app, client_of(app) as client:
        makers = [UUID((await create_user(client))["id"]) for _ in range(3)]
        await downgrade(shop.database, "0010")
        rights = [(UserRole.ADMIN, True), (UserRole.ADMIN, False), (UserRole.STAFF, True)]
        async with shop.database.write() as session:
            for maker, (role, is_active) in zip(makers, rights, strict=True):
                change = update(User).where(User.id == maker)
                await session.execute(change.values(role=role, is_active=is_active))
                session.add(
                    ApiKey(
                        id=new_id(now),
                        name=str(maker),
                        digest=bytes(32),
                        scopes=[],
                        created_by=maker,
                        created_at=now,
                    )
                )
        await upgrade(shop.database, "head")
        async with shop.database.read() as session:
            keys = {key.created_by: key for key in await session.scalars(select(ApiKey))}
            events = (await session.scalars(select(AuditEvent))).all()
    assert [keys[maker].revoked_at is None for maker in (*makers, None)] == [
        True,
        False,
        False,
        True,
    ]
    revoked = [each for each in events if each.event == "api-key.revoked"]
    assert {each.subject_id for each in revoked} == {keys[maker].id for maker in makers[1:]}
    assert all(each.created_at == keys[makers[1]].revoked_at for each in revoked)


async def test_two_that_start_at_once_migrate_once(shop: Shop) -> None:
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
        # What a process that migrates has, and what the next one waits for.
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


async def test_the_release_before_runs_on_the_schema_of_the_next(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    await migrate(shop.database)
    async with shop.database.write() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert not await migrate(shop.database)
    assert "migrated to 9999 by a newer release" in caplog.text
    assert await revision_of(shop.database) == "9999"
    async with running(create_app(Shop(shop.settings))) as app, client_of(app) as client:
        await fill(client)
        assert len(await every(client, "/orders")) == 1


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


async def test_a_new_migration_gets_the_next_number(shop: Shop, tmp_path: Path) -> None:
    shutil.copy(ROOT / "alembic.ini", tmp_path)
    shutil.copytree(SCRIPTS, tmp_path / "migrations")
    steps = (["upgrade", "head"], ["revision", "--autogenerate", "-m", "a change"])
    for arguments in (*steps, ["downgrade", "base"]):
        done = run(shop.settings, tmp_path, "-m", "alembic", *arguments)
        assert done.returncode == 0, done.stderr
    before = {path.name for path in (SCRIPTS / "versions").glob("*.py")}
    added = {path.name for path in (tmp_path / "migrations/versions").glob("*.py")} - before
    assert added == {f"{int(newest_revision()) + 1:04}_a_change.py"}


async def test_the_words_of_stored_products_are_spelled_again(shop: Shop) -> None:
    known = (column(name, Product.__table__.c[name].type) for name in BLACK_TEA)
    products = table("products", *known)
    # More than one batch, of which one product has words that stay.
    rows = [
        BLACK_TEA
        | {"id": UUID(int=number + 1), "sku": f"S{number}", "name": "茶葉", "search_text": "茶葉"}
        for number in range(1_500)
    ]
    rows[700] |= {"name": "Black", "sku": "B", "search_text": "black b tea"}
    await upgrade(shop.database, "0012")
    async with shop.database.write() as session:
        await session.execute(insert(products), rows)
    await upgrade(shop.database, "0013")
    async with shop.database.read() as session:
        stored = (await session.scalars(text("SELECT search_text FROM products ORDER BY id"))).all()
        repository = ProductRepository(session)
        page, _ = await repository.find(ProductQuery(q="葉 tea s1499"))
    assert stored == [search_text(str(row["name"]), str(row["sku"]), "Tea") for row in rows]
    assert (stored[0], stored[700]) == ("q0px2q0q4p q0q4p s0 tea", "black b tea")
    assert [each.sku for each in page] == ["S1499"]
