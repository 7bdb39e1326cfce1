"""Creates SQLite databases with the schema before a shop is started on them."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from app.database.migrate import migrate
from app.database.sessions import Database
from app.settings import Settings
from app.wiring.lifecycle import prepare
from app.wiring.resources import Shop
from tests.support.servers.server import run_in_thread


def give_schema(settings: Settings) -> None:
    """Create the database of a shop, if it is a SQLite file that does not exist yet."""
    if (file := settings.data_file) is None or file.exists():
        return
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_bytes(_migrated())


async def prepared(settings: Settings) -> Shop:
    """Return a shop that is prepared for its first requests, with an existing database."""
    give_schema(settings)
    shop = Shop(settings)
    await prepare(shop)
    return shop


async def bring_to_newest(settings: Settings) -> None:
    """Create the schema in a database, without rows: each shop writes its own at its start."""
    database = Database(settings.database_url)
    await migrate(database)
    await database.close()


@cache
def _migrated() -> bytes:
    # All migrations take ten times as long as a copy, and a process needs Alembic for them.
    with TemporaryDirectory() as folder:
        settings = Settings(_env_file=None, db_host=None, data_dir=Path(folder))
        run_in_thread(bring_to_newest(settings))
        assert settings.data_file is not None
        return settings.data_file.read_bytes()
