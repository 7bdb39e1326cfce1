"""Kills workers, RabbitMQ and PostgreSQL while orders arrive, and checks the end of each order.

It starts its own servers, and uses no others.
"""

import argparse
import asyncio
import logging
import random
import secrets
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from uuid import UUID

from pydantic import SecretStr
from rich.console import Console

from app.jobs.file_import import import_files
from app.settings import Settings
from app.wiring.lifecycle import prepare
from app.wiring.resources import Shop
from benchmarks.chaos.books import supply
from benchmarks.chaos.brokered import BrokeredTest, blows_of, declare_all
from benchmarks.chaos.embedded import EmbeddedTest
from benchmarks.chaos.plan import Plan, pieces_needed, plan
from benchmarks.chaos.processes import Herd, Program
from benchmarks.chaos.report import Report
from benchmarks.chaos.through_proxy.proxied import Buyers, ProxiedTest, through
from benchmarks.chaos.through_proxy.proxy import Proxy
from benchmarks.replay import read_baskets
from benchmarks.support.servers import SHELVES, fill, settings_of
from tests.support.machines import let_machine_into
from tests.support.servers import PostgresServer, RabbitMQServer, start_postgres, start_rabbitmq
from tests.support.servers.scratch import free_port

_DATABASE = "chaos"
_WORKERS = 2
_DEADLINE_SECONDS = 200


def main() -> int:
    """Run the test; return the exit code."""
    arguments = _parser().parse_args()
    # The test stops the servers itself, so their outages need not be logged.
    logging.disable(logging.CRITICAL)
    status = Console(stderr=True).status(
        f"{_title(arguments)}: {_minutes(arguments)} minutes at most"
    )
    with status, tempfile.TemporaryDirectory(prefix="lavka-chaos-") as folder:
        if arguments.embedded:
            report = asyncio.run(_embedded(arguments, Path(folder)))
        else:
            with start_postgres() as postgres, start_rabbitmq() as rabbitmq:
                postgres.create_database(_DATABASE)
                test = _proxied if arguments.proxy else _brokered
                report = asyncio.run(test(arguments, Path(folder), postgres, rabbitmq))
    report.show()
    return 0 if report.holds else 1


async def _brokered(
    arguments: argparse.Namespace, folder: Path, postgres: PostgresServer, rabbitmq: RabbitMQServer
) -> Report:
    settings = settings_of(postgres, rabbitmq, _DATABASE, data_dir=folder)
    with _herd(arguments, settings, folder, _WORKERS, "worker") as herd:
        async with _filled(settings, arguments, herd.chance) as (shop, planned, supplied):
            await declare_all(settings)
            blows = blows_of(postgres, rabbitmq, herd.chance)
            test = BrokeredTest(shop, planned, herd, blows, arguments.seconds)
            return await test.run(_DEADLINE_SECONDS, _title(arguments), supplied)


async def _proxied(
    arguments: argparse.Namespace, folder: Path, postgres: PostgresServer, rabbitmq: RabbitMQServer
) -> Report:
    direct = settings_of(postgres, rabbitmq, _DATABASE, data_dir=folder, rate_limit_per_minute=0)
    goods = await fill(direct)
    await let_machine_into(direct)
    await declare_all(direct)
    chance, shop, port = random.Random(arguments.seed), Shop(direct), free_port()
    async with Proxy(rabbitmq.host, rabbitmq.port, chance) as proxy:
        settings = through(direct, proxy)
        (folder / "web").mkdir()
        with (
            _herd(arguments, settings, folder, _WORKERS, "worker") as workers,
            _herd(arguments, settings, folder / "web", 1, "shop", "--port", str(port)) as shops,
        ):
            try:
                blows = blows_of(postgres, rabbitmq, chance)
                test = ProxiedTest(shop, proxy, (workers, shops), blows, Buyers(port, *goods))
                return await test.run(arguments.seconds, _title(arguments))
            finally:
                await shop.close()


async def _embedded(arguments: argparse.Namespace, folder: Path) -> Report:
    port = free_port()
    settings = Settings(
        _env_file=None,
        data_dir=folder / "var",
        admin_password=SecretStr(secrets.token_urlsafe()),
        rate_limit_per_minute=0,
    )
    with _herd(arguments, settings, folder, 1, "shop", "--port", str(port)) as herd:
        async with _filled(settings, arguments, herd.chance) as (shop, planned, supplied):
            url = f"http://127.0.0.1:{port}"
            test = EmbeddedTest(shop, planned, herd, url, arguments.seconds)
            return await test.run(_DEADLINE_SECONDS, _title(arguments), supplied)


@contextmanager
def _herd(
    arguments: argparse.Namespace, settings: Settings, folder: Path, size: int, *program: str
) -> Iterator[Herd]:
    """Start processes that end with the test."""
    faults = ["--no-inbox"] if arguments.no_inbox else []
    mark = "connected to RabbitMQ" if program[0] == "worker" else "docs  http"
    chance = random.Random(arguments.seed)
    herd = Herd(Program([*program, *faults], settings, mark), folder, size, chance)
    try:
        yield herd
    finally:
        herd.close()
        if arguments.logs is not None:
            arguments.logs.mkdir(parents=True, exist_ok=True)
            for log in folder.glob("*.log"):
                shutil.copy(log, arguments.logs)


@asynccontextmanager
async def _filled(
    settings: Settings, arguments: argparse.Namespace, chance: random.Random
) -> AsyncIterator[tuple[Shop, Plan, dict[UUID, int]]]:
    """Fill a shop, and plan the messages for it."""
    shop = Shop(settings)
    try:
        await prepare(shop)
        await import_files(shop, SHELVES, Console(quiet=True))
        baskets = read_baskets(arguments.messages)
        goods, supplied = await supply(shop, pieces_needed(baskets))
        yield shop, plan(baskets, goods, chance), supplied
    finally:
        await shop.close()


def _minutes(arguments: argparse.Namespace) -> int:
    return round(arguments.seconds / 60) + 6 if arguments.proxy else 4


def _title(arguments: argparse.Namespace) -> str:
    mode = "one process over SQLite" if arguments.embedded else "workers over RabbitMQ"
    if arguments.proxy:
        mode = "a foreign producer, through a proxy"
    control = ", without the inbox" if arguments.no_inbox else ""
    return f"{mode}{control}, seed {arguments.seed}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="seed of random choices (%(default)s)")
    parser.add_argument("--messages", type=int, default=2_000, help="orders (%(default)s)")
    parser.add_argument(
        "--seconds", type=float, default=40, help="over which they are sent (%(default)s)"
    )
    parser.add_argument(
        "--proxy",
        action="store_true",
        help="send unusual messages through a proxy that breaks connections, for --seconds",
    )
    parser.add_argument(
        "--embedded", action="store_true", help="test a shop of one process over SQLite"
    )
    parser.add_argument(
        "--no-inbox",
        action="store_true",
        help="switch off the inbox: the test must find doubled orders, and fail",
    )
    parser.add_argument("--logs", type=Path, help="a directory for the output of the processes")
    return parser


if __name__ == "__main__":
    sys.exit(main())
