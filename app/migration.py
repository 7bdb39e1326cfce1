"""Brings the schema of the shop's database to the newest revision."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from app.database import Database

_SCRIPTS = Path(__file__).resolve().parent.parent / "migrations"
# Any number will do, as long as every process of the shop uses the same one.
_ADVISORY_LOCK = 5_263_829


async def migrate(database: Database) -> bool:
    """Apply every missing migration, once for all processes that start; tell if there was any."""
    async with database.write() as session:
        connection = await session.connection()
        return await connection.run_sync(_upgrade)


def newest_revision() -> str:
    """Return the revision that the code is written for: the files begin with rising numbers."""
    return max(
        script.name.partition("_")[0] for script in (_SCRIPTS / "versions").glob("[0-9]*_*.py")
    )


def _upgrade(connection: Connection) -> bool:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK})
        connection.execute(text("SET LOCAL statement_timeout = 0"))
    if _current(connection) == newest_revision():
        return False
    # Alembic takes a third of a second to import, and most starts find nothing to do.
    from alembic import command  # pylint: disable=import-outside-toplevel
    from alembic.config import Config  # pylint: disable=import-outside-toplevel

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return True


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision
