"""Runs migrations on the caller's connection or on the configured database."""

import asyncio
import sys
from typing import Any

from alembic import context
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from app.database.outages import outage_reason
from app.database.sessions import Database
from app.errors import Unavailable
from app.models import Base
from app.settings import get_settings

# Created in migrations only, because only one of the databases supports them.
HAND_MADE = ("product_search", "ix_products_search", "search_vector", "order_numbers")


def include_object(
    described: Any, name: str | None, kind: str, reflected: bool, _other: Any
) -> bool:
    """Exclude from the comparison what the models do not describe, or not for this database."""
    if name is not None and name.startswith(HAND_MADE):
        return False
    if kind != "index" or reflected:
        return True
    # Alembic does not ask for it.
    condition = described._ddl_if  # pylint: disable=protected-access  # it has no public name
    return condition is None or condition.dialect == context.get_context().dialect.name


def number(_context: Any, _revision: Any, directives: list[Any]) -> None:
    """Give a new migration the next number as its id, unless the command line names one."""
    # `alembic check` also calls this and has no such option.
    if getattr(context.config.cmd_opts, "rev_id", "none") is None:
        head = ScriptDirectory.from_config(context.config).get_current_head()
        directives[0].rev_id = f"{int(head or 0) + 1:04}"


def run(connection: Connection) -> None:
    """Run the requested migrations in the transaction of a connection."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_object=include_object,
        compare_type=True,
        process_revision_directives=number,
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_on_configured_database() -> None:
    """Run migrations on the database of the settings, for the `alembic` command line."""
    settings = get_settings()
    if settings.db_host is None:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database_url)
    try:
        async with database.reshape() as connection:
            await connection.run_sync(run)
    except Unavailable as error:
        sys.exit(f"error: {settings.data_place}: {outage_reason(error)}")
    finally:
        await database.close()


if "connection" in context.config.attributes:
    run(context.config.attributes["connection"])
else:
    asyncio.run(run_on_configured_database())
