"""Shops over servers that a benchmark has started, and processes of them."""

import os
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import SecretStr
from rich.console import Console
from sqlalchemy import select, update

from app.demo import load as demo_data
from app.jobs.file_import import import_files
from app.models import Product, User, Variant
from app.settings import Settings
from app.wiring.lifecycle import prepare
from app.wiring.resources import Shop
from tests.support.processes import ServedShop, free_port
from tests.support.servers import PostgresServer, RabbitMQServer

ROOT = Path(__file__).resolve().parents[2]
_DEMO = Path(demo_data.__file__).parent
SHELVES = (_DEMO / "products.csv", _DEMO / "users.csv")
"""The products and the users of the demo, without its orders."""
TICKS = os.sysconf("SC_CLK_TCK")
PLENTY = 10_000_000
"""The stock of each product that `fill` adds."""


def settings_of(
    postgres: PostgresServer, rabbitmq: RabbitMQServer, database: str, **others: Any
) -> Settings:
    """Return the settings of a shop on a database of the servers."""
    return Settings(
        _env_file=None,
        db_host=postgres.host,
        db_port=postgres.port,
        postgres_user=postgres.user,
        postgres_password=postgres.password,
        postgres_db=database,
        rabbitmq_host=rabbitmq.host,
        rabbitmq_port=rabbitmq.port,
        rabbitmq_user=rabbitmq.user,
        rabbitmq_password=rabbitmq.password,
        rabbitmq_vhost=rabbitmq.vhost,
        **others,
    )


def environment(settings: Settings) -> dict[str, str]:
    """Return the environment of a process with these settings, and with no others."""
    names = {name.upper() for name in settings.model_dump()}
    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    return {name: value for name, value in os.environ.items() if name not in names} | {
        name.upper(): _in_words(value) for name, value in given.items() if value is not None
    }


def _in_words(value: Any) -> str:
    """Return the value of a setting as text for the environment: names joined by commas."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return ",".join(map(_in_words, value)) if isinstance(value, tuple) else str(value)


@contextmanager
def pinned(*cores: int) -> Iterator[None]:
    """Run all processes that start in the block on some cores only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def started(
    settings: Settings, folder: Path, cores: Collection[int], root: Path = ROOT
) -> Iterator[ServedShop]:
    """Start the shop of a checkout on some cores without waiting for it, and stop it afterwards."""
    port = free_port()
    output, errors = folder / "output", folder / "errors"
    with output.open("wb") as out, errors.open("wb") as err, pinned(*cores):
        process = subprocess.Popen(  # pylint: disable=consider-using-with  # ended below
            [sys.executable, str(root / "main.py"), "--port", str(port)],
            cwd=folder,
            env=environment(settings),
            stdout=out,
            stderr=err,
            process_group=0,
        )
    try:
        yield ServedShop(process, port, output, errors)
    finally:
        # The workers of a server end with it.
        process.terminate()
        process.wait()


async def fill(settings: Settings) -> tuple[list[UUID], list[UUID]]:
    """Fill a shop with the demo's users and products, and plenty of each; return their ids."""
    shop = Shop(settings)
    try:
        await prepare(shop)
        await import_files(shop, SHELVES, Console(quiet=True))
        async with shop.database.write() as session:
            await session.execute(update(Variant).values(stock_quantity=PLENTY))
            users = list(await session.scalars(select(User.id).order_by(User.id)))
            # A product with several variants is ordered by one of them.
            plain = select(Product.id).where(Product.variants_count == 1).order_by(Product.id)
            return users, list(await session.scalars(plain))
    finally:
        await shop.close()


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
