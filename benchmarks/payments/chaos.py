"""Kills web processes, the worker and PostgreSQL under payments at a stub of Stripe that fails.

It starts its own servers, and uses no others.
"""

import argparse
import asyncio
import logging
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from uuid import UUID

from pydantic import SecretStr
from rich.console import Console
from sqlalchemy import func, select

from app.errors import Unavailable
from app.models import Order, Payment
from app.settings import Settings
from app.wiring.resources import Shop
from benchmarks.chaos.brokered import declare_all
from benchmarks.chaos.processes import Herd, Program
from benchmarks.payments.buyers import Buyers
from benchmarks.payments.restoring import not_named, reconciled
from benchmarks.payments.verdict import differences, left_over
from benchmarks.support.servers import PLENTY, fill, settings_of
from tests.support.machines import let_machine_into
from tests.support.servers import PostgresServer, start_postgres, start_rabbitmq
from tests.support.servers.scratch import free_port
from tests.support.servers.stripe import SECRET_KEY, WEBHOOK_SECRET, StripeServer, start_stripe

_DATABASE, _BACK_UP = "payments", "payments_before"
_REST_SECONDS = 120
_START_SECONDS = 30
_FAULTS = {
    "slow_after": 0.005,
    "cut_before": 0.02,
    "cut_after": 0.1,
    "rate_limited": 0.02,
    "error_before": 0.02,
    "error_after": 0.05,
}
_EVENTS = {"drop": 0.1, "double": 0.1, "delay": 0.3, "delay_seconds": 3.0}


class Chaos:
    """One run."""

    def __init__(
        self, arguments: argparse.Namespace, shop: Shop, postgres: PostgresServer, herds: list[Herd]
    ) -> None:
        self.kills = 0
        self.buying_seconds = 0.0
        self.resting_seconds = 0.0
        """The seconds from the last fault until every order and payment was finished."""
        self._arguments = arguments
        self._shop = shop
        self._postgres = postgres
        self._herds = herds
        self._chance = random.Random(arguments.seed)

    async def run(self, buyers: Buyers, stripe: StripeServer, port: int) -> None:
        """Run until every order and payment is finished, or until the time limit."""
        url = f"http://127.0.0.1:{port}/api/v1/payment-providers/stripe/events"
        seed = self._arguments.seed
        async with asyncio.TaskGroup() as group:
            keeping = [group.create_task(each.keep()) for each in self._herds]
            await asyncio.sleep(1)
            await asyncio.gather(*(each.settle() for each in self._herds))
            stripe.control(faults={**_FAULTS, "seed": seed, "slow_seconds": 9})
            stripe.control(webhooks={"url": url, "secret": WEBHOOK_SECRET, "seed": seed, **_EVENTS})
            over = asyncio.Event()
            killing, began = group.create_task(self._kill(over)), time.monotonic()
            await buyers.run(
                self._arguments.payments,
                self._arguments.seconds,
                is_expiring=self._arguments.expiring,
            )
            self.buying_seconds = time.monotonic() - began
            over.set()
            await killing
            stripe.control(faults={})
            stripe.control(webhooks={"url": url, "secret": WEBHOOK_SECRET})
            began = time.monotonic()
            await self._rest()
            self.resting_seconds = time.monotonic() - began
            for each in keeping:
                each.cancel()

    async def _kill(self, over: asyncio.Event) -> None:
        while not (self._arguments.no_kills or over.is_set()):
            if self._chance.random() < 0.2:
                await self._rest_until(over, self._pause())
                self.kills += 1
                await asyncio.to_thread(self._postgres.kill)
                await asyncio.sleep(self._chance.uniform(0.5, 2))
                await asyncio.to_thread(self._postgres.start)
            else:
                await self._chance.choice(self._herds).kill_one_at_work(
                    self._pause(), _START_SECONDS
                )

    def _pause(self) -> float:
        return self._chance.uniform(0.2, 1.8) * float(self._arguments.kill_every)

    @staticmethod
    async def _rest_until(over: asyncio.Event, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), seconds)

    async def _rest(self) -> None:
        ends_at = time.monotonic() + _REST_SECONDS
        while time.monotonic() < ends_at:
            await asyncio.sleep(1)
            with suppress(Unavailable):
                if not any((await left_over(self._shop)).values()):
                    return


def main() -> int:
    """Run the test; return the exit code."""
    arguments = _parser().parse_args()
    # The test stops the servers itself, so their outages need not be logged.
    logging.disable(logging.CRITICAL)
    with (
        tempfile.TemporaryDirectory(prefix="lavka-payments-") as folder,
        start_postgres() as postgres,
        start_rabbitmq() as rabbitmq,
        start_stripe() as stripe,
    ):
        postgres.create_database(_DATABASE)
        settings = settings_of(
            postgres,
            rabbitmq,
            _DATABASE,
            data_dir=Path(folder),
            rate_limit_per_minute=0,
            payment_providers="stripe",
            stripe_secret_key=SecretStr(SECRET_KEY),
            stripe_webhook_secrets=WEBHOOK_SECRET,
            stripe_api_base=stripe.url,
        )
        return asyncio.run(_test(arguments, settings, postgres, stripe))


async def _test(
    arguments: argparse.Namespace,
    settings: Settings,
    postgres: PostgresServer,
    stripe: StripeServer,
) -> int:
    _, products = await fill(settings)
    await let_machine_into(settings)
    await declare_all(settings)
    ports, shop = [free_port(), free_port()], Shop(settings)
    try:
        with _herds(arguments, settings, ports) as herds:
            buyers = Buyers(
                shop,
                stripe,
                ports,
                str(products[0]),
                seed=arguments.seed,
                at_once=arguments.at_once,
            )
            chaos = Chaos(arguments, shop, postgres, herds)
            await chaos.run(buyers, stripe, ports[0])
            if not arguments.restore:
                return await _judge(shop, stripe, chaos, buyers, products[0], herds)
    finally:
        await shop.close()
    return await _restore(arguments, settings, postgres, stripe, str(products[0]))


async def _restore(
    arguments: argparse.Namespace,
    settings: Settings,
    postgres: PostgresServer,
    stripe: StripeServer,
    product: str,
) -> int:
    """Make a backup, continue, restore the backup, and reconcile."""
    await asyncio.to_thread(postgres.create_database, _BACK_UP, _DATABASE)
    ports, shop = [free_port(), free_port()], Shop(settings)
    try:
        with _herds(arguments, settings, ports) as herds:
            buyers = Buyers(
                shop, stripe, ports, product, seed=arguments.seed + 1, at_once=arguments.at_once
            )
            await Chaos(arguments, shop, postgres, herds).run(buyers, stripe, ports[0])
    finally:
        await shop.close()
    restored = settings.model_copy(update={"postgres_db": _BACK_UP})
    printed, ledger = await reconciled(restored), stripe.ledger()
    count, found = await not_named(restored, ledger, printed)
    print(f"{len(ledger)} payments at the provider, {count} are not in the restored shop")
    print(f"reconcile says: {printed.splitlines()[-1:]}")
    for each in found:
        print(f"DIFFERENCE {each}")
    print(f"{len(found)} differences")
    return 1 if found or not count else 0


async def _judge(
    shop: Shop,
    stripe: StripeServer,
    chaos: Chaos,
    buyers: Buyers,
    product: UUID,
    herds: list[Herd],
) -> int:
    found = [f"{count} {name} are open" for name, count in (await left_over(shop)).items() if count]
    found += await differences(shop, stripe.ledger(), product, PLENTY)
    found += buyers.gave_up
    async with shop.database.read() as session:
        for column in (Order.status, Payment.status, Payment.attention):
            counted = await session.execute(select(column, func.count()).group_by(column))
            print(column, {str(name): count for name, count in counted})
    done, seconds = buyers.done.total(), chaos.buying_seconds
    print(f"buyers: {done}, {dict(buyers.done)}, in {seconds:.0f} s, {done / seconds:.1f} a second")
    print(f"killed: {[each.kill_count for each in herds]}, PostgreSQL {chaos.kills}")
    print(f"faults of the provider: {stripe.fault_counts()}")
    print(f"all at its end {chaos.resting_seconds:.0f} s after the last fault")
    for each in found:
        print(f"DIFFERENCE {each}")
    print(f"{len(found)} differences")
    return 1 if found else 0


@contextmanager
def _herds(
    arguments: argparse.Namespace, settings: Settings, ports: list[int]
) -> Iterator[list[Herd]]:
    """Start two web processes and a worker that end with the test."""
    faults = ["--no-sweeper"] * arguments.no_sweeper
    faults += ["--no-request-key"] * arguments.no_request_key
    kinds = [(["shop", "--port", str(port)], "docs  http") for port in ports]
    kinds.append((["worker"], "connected to RabbitMQ"))
    herds = []
    with ExitStack() as stack:
        for number, (kind, mark) in enumerate(kinds):
            folder = settings.data_dir / str(number)
            folder.mkdir(exist_ok=True)
            program = Program([*kind, *faults], settings, mark, "benchmarks.payments.planted")
            herd = Herd(program, folder, 1, random.Random(arguments.seed + number))
            stack.callback(herd.close)
            herds.append(herd)
        yield herds
    if arguments.logs is not None:
        shutil.copytree(settings.data_dir, arguments.logs, dirs_exist_ok=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.payments.chaos", description=__doc__
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of random choices (%(default)s)")
    parser.add_argument("--payments", type=int, default=10_000, help="orders (%(default)s)")
    parser.add_argument("--at-once", type=int, default=48, help="buyers at once (%(default)s)")
    parser.add_argument(
        "--seconds", type=float, default=3_600, help="in which they are made (%(default)s)"
    )
    parser.add_argument(
        "--expiring", action="store_true", help="pay for every order while its time ends"
    )
    parser.add_argument(
        "--restore",
        action="store_true",
        help="pay for as many orders after a back-up, restore it, and reconcile",
    )
    parser.add_argument(
        "--kill-every", type=float, default=5, help="seconds between kills (%(default)s)"
    )
    parser.add_argument("--no-kills", action="store_true", help="let only the provider fail")
    parser.add_argument(
        "--no-sweeper",
        action="store_true",
        help="switch off the errands that look again: the test must fail",
    )
    parser.add_argument(
        "--no-request-key",
        action="store_true",
        help="send another key to the provider with each try: the test must fail",
    )
    parser.add_argument("--logs", type=Path, help="a directory for the output of the processes")
    return parser


if __name__ == "__main__":
    Console(stderr=True).print("payments while all else fails", style="dim")
    sys.exit(main())
