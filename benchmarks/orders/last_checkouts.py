"""Lets 64 guests check out at once for the last unit, and with the last use of a code, repeatedly.

The orders are placed in two processes' batches over one database. Each round must have one winner:
never two, never none; the winner then cancels, and the next round begins. Last, 500 orders are paid
while they expire, and each must end paid, or cancelled and not paid. It exits with 1 after a fault.
With `--bug` the limits of promotions are compared with the values from before the order, which must
be found.
"""

import argparse
import asyncio
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID

from msgspec.structs import replace
from rich.console import Console
from sqlalchemy import select, update

from app.jobs.errands.orders import expire_order
from app.models import Coupon, Order, OrderStatus, Variant
from app.services.orders.amounts import Offers
from app.services.orders.carts.cart_offers import CartOffers
from app.services.orders.placement import Asked
from app.settings import Settings
from app.wiring.resources import Shop
from benchmarks.orders.both_databases import run_on_both
from benchmarks.support.servers import fill
from tests.test_services.checkout.races import (
    Ready,
    check_out_all,
    give_back,
    pay,
    processes_of,
    ready_carts,
)
from tests.test_services.promotions.last_codes import add_last, checking_before_counting

_BUYERS = 64
_TOLD_EVERY = 100
_MANY = 1_000_000
_added_to = CartOffers.added_to


@dataclass(frozen=True)
class Race:
    """A resource that exists once, and the outcome for buyers who do not get it."""

    name: str
    carts: list[Ready]
    total: str
    refusal: str

    def expected(self) -> Mapping[str, int]:
        """Return the expected outcomes of all buyers."""
        return {"placed": 1, self.refusal: len(self.carts) - 1}


async def races_of(shop: Shop, variants: list[UUID]) -> list[Race]:
    """Prepare a variant with one unit, and a code with one use."""
    unit, coded = variants[:2]
    for variant_id, stock in ((unit, 1), (coded, _MANY)):
        values = {"stock_quantity": stock, "price_minor": 1_000}
        async with shop.database.write() as session:
            await session.execute(update(Variant).where(Variant.id == variant_id).values(values))
    await add_last(shop, "LAST", is_limited_itself=False)
    return [
        Race("unit", await ready_carts(shop, unit, _BUYERS), "10.00", "insufficient-stock"),
        Race("code", await ready_carts(shop, coded, _BUYERS, "LAST"), "9.00", "cart-changed"),
    ]


async def run_race(shop: Shop, race: Race, rounds: int, console: Console) -> list[str]:
    """Run all rounds of a race; return the faults."""
    name = "SQLite" if shop.database.is_sqlite else "PostgreSQL"
    processes = processes_of(shop)
    faults: list[str] = []
    began = time.perf_counter()
    for number in range(1, rounds + 1):
        fared = await check_out_all(processes, race.carts, race.total)
        async with shop.database.read() as session:
            used = await session.scalar(select(Coupon.used))
        if fared != race.expected() or used != int(race.name == "code"):
            faults.append(f"{name}, {race.name}, round {number}: {dict(fared)}, {used} used")
            # After one fault, the following rounds are faulty, too.
            return faults
        await give_back(shop, race.carts)
        if number % _TOLD_EVERY == 0 or number == rounds:
            seconds = time.perf_counter() - began
            console.print(
                f"{name}, {race.name}: {number} rounds, {len(faults)} faults, {seconds:.0f} s"
            )
    return faults


async def run_expiry(shop: Shop, variant_id: UUID, count: int, console: Console) -> list[str]:
    """Pay orders while they expire; return the faults."""
    carts = await ready_carts(shop, variant_id, count)
    await check_out_all(processes_of(shop), carts, "10.00")
    async with shop.database.read() as session:
        ids = list(await session.scalars(select(Order.id).where(Order.pay_by.is_not(None))))
    shop.clock.move(timedelta(hours=shop.settings.manual_payment_hours + 1))
    gate = asyncio.Semaphore(16)

    async def race(order_id: UUID) -> tuple[UUID, bool]:
        async with gate:
            # The payment and the expiry alternate in starting first.
            if order_id.int % 2:
                paid, _ = await asyncio.gather(pay(shop, order_id), expire_order(shop, order_id))
            else:
                _, paid = await asyncio.gather(expire_order(shop, order_id), pay(shop, order_id))
        return order_id, paid

    ended = dict(await asyncio.gather(*map(race, ids)))
    async with shop.database.read() as session:
        statuses = {
            row.id: row.status
            for row in await session.execute(
                select(Order.id, Order.status).where(Order.id.in_(ids))
            )
        }
    faults = [
        f"order {each}: {statuses[each]}, but paid: {was_paid}"
        for each, was_paid in ended.items()
        if statuses[each] != (OrderStatus.PAID if was_paid else OrderStatus.CANCELLED)
    ]
    paid = sum(ended.values())
    console.print(f"{len(ids)} orders that expire: {paid} paid, {len(faults)} faults")
    return faults if len(ids) == count else [*faults, f"{len(ids)} orders instead of {count}"]


async def run(settings: Settings, arguments: argparse.Namespace, console: Console) -> list[str]:
    """Run everything over one database; return the faults."""
    _, products = await fill(settings)
    shop = Shop(settings)
    try:
        faults: list[str] = []
        for race in await races_of(shop, list(products)):
            faults += await run_race(shop, race, arguments.rounds, console)
        if not arguments.bug:
            faults += await run_expiry(shop, products[1], arguments.expiring, console)
    finally:
        await shop.close()
    return faults


def _as_seen(its: Any, asked: Asked) -> Asked:
    """Return an order with the promotions of a code without uses."""
    added = _added_to(its, asked)
    assert added.of_cart is not None
    offered = tuple(replace(each, refusal=None) for each in added.of_cart.offers.promotions)
    return replace(added, of_cart=replace(added.of_cart, offers=Offers(offered)))


def main() -> None:
    """Run everything over both databases, and print the faults."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.orders.last_checkouts", description=__doc__
    )
    parser.add_argument("--rounds", type=int, default=1_000, help="rounds (%(default)s)")
    parser.add_argument("--expiring", type=int, default=500, help="orders (%(default)s)")
    parser.add_argument("--bug", action="store_true", help="check limits before the order only")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        if arguments.bug:
            stack.enter_context(checking_before_counting())
            stack.enter_context(patch.object(CartOffers, "added_to", _as_seen))
        run_on_both(
            lambda its, console: run(its, arguments, console),
            is_bug=arguments.bug,
            test_clock=True,
        )


if __name__ == "__main__":
    main()
