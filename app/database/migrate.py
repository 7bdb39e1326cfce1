"""Migrates the schema to the newest revision, and counts rows for the plans of PostgreSQL."""

import logging
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from app.database.advisory_locks import AdvisoryLock
from app.database.outages import is_lock_timeout
from app.database.pools import LOCK_TIMEOUT_MS
from app.database.sessions import Database
from app.errors import Unavailable
from app.runtime.supervisor import GrowingPause

logger = logging.getLogger(__name__)

_LOCKED_PAUSE_SECONDS = (0.5, 5.0)
_FILLED = text("""
    SELECT quote_ident(relname) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
      AND pg_relation_size(oid) > 0
    ORDER BY relname
    """)
_SCRIPTS = Path(__file__).resolve().parent.parent.parent / "migrations"


async def migrate(database: Database) -> bool:
    """Apply missing migrations, once for all starting processes; return whether any was missing.

    A newer schema stays unchanged, so that the previous release can run again.
    """
    newest = newest_revision()
    async with database.read() as session:
        revision = await (await session.connection()).run_sync(_revision)
    if revision > newest:
        logger.warning(
            "the database was migrated to %s by a newer release; this release expects %s",
            revision,
            newest,
        )
    if revision >= newest:
        return False
    pause = GrowingPause(*_LOCKED_PAUSE_SECONDS)
    while True:
        try:
            async with database.reshape() as connection:
                return await connection.run_sync(_upgrade, newest)
        except Unavailable as error:
            if not is_lock_timeout(error):
                raise
            logger.warning("the database is in use, so the migration is tried again later")
            await pause.rest()


async def is_migrated(database: Database) -> bool:
    """Return whether no migration is missing."""
    async with database.read() as session:
        revision = await (await session.connection()).run_sync(_revision)
    return revision >= newest_revision()


async def analyze(database: Database) -> None:
    """Count the rows of all tables, which PostgreSQL itself does a minute later at the earliest.

    Tables without rows are left out: if PostgreSQL knew that they are empty, it would plan to read
    them completely, and keep these plans while they grow.
    """
    if not database.is_sqlite:
        async with database.reshape() as connection:
            if names := [*await connection.scalars(_FILLED)]:
                await connection.execute(text(f"ANALYZE {', '.join(names)}"))


def newest_revision() -> str:
    """Return the revision that the code requires; migration files begin with rising numbers."""
    return max(
        script.name.partition("_")[0] for script in (_SCRIPTS / "versions").glob("[0-9]*_*.py")
    )


def _upgrade(connection: Connection, newest: str) -> bool:
    if connection.dialect.name == "postgresql":
        connection.execute(
            text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": AdvisoryLock.MIGRATION}
        )
        # Other statements queue behind a migration that waits for a table, even reads.
        connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}"))
    if _revision(connection) >= newest:
        # Another process has migrated the database first.
        return False
    # Alembic takes a third of a second to import, and most starts have nothing to migrate.
    from alembic import command  # pylint: disable=import-outside-toplevel
    from alembic.config import Config  # pylint: disable=import-outside-toplevel

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return True


def _revision(connection: Connection) -> str:
    """Return the revision of a database, or an empty string if it has no schema."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.scalar(text("SELECT version_num FROM alembic_version")) or ""
