"""The kill test of a foreign producer, through a proxy that delays and breaks connections."""

import asyncio
import hashlib
import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import httpx
from sqlalchemy import select

from app.models import DeadLetter, Order, OutboxMessage
from app.settings import Settings
from app.wiring.resources import Shop
from benchmarks.chaos.books import read_books
from benchmarks.chaos.brokered import Blow, depths
from benchmarks.chaos.processes import Herd
from benchmarks.chaos.report import Report
from benchmarks.chaos.through_proxy.foreign import FIXED_ID, ForeignProducer, Sending
from benchmarks.chaos.through_proxy.proxy import Proxy
from benchmarks.chaos.verdict import Checks
from benchmarks.support.servers import PLENTY
from tests.support.machines import AUTHORIZATION
from tests.test_messaging.test_rabbitmq.foreign import short

_REST_SECONDS = 300
_PRODUCERS = 2
# The reasons for which a second delivery of a message without its own id is parked.
_ECHOES = frozenset({"ambiguous", "order-exists"})


@dataclass(frozen=True, slots=True)
class Buyers:
    """The addresses of web processes, and the users and products of orders."""

    port: int
    users: list[UUID]
    products: list[UUID]


class HttpBuyer:
    """Sends orders over HTTP with keys, each until it gets a response."""

    def __init__(self, buyers: Buyers) -> None:
        self.order_ids: list[UUID] = []
        self.repeats = 0
        self._buyers = buyers

    async def run(self, seconds: float) -> None:
        """Send orders for a time."""
        ends_at, number = time.monotonic() + seconds, 0
        url = f"http://127.0.0.1:{self._buyers.port}"
        async with httpx.AsyncClient(base_url=url, headers=AUTHORIZATION, timeout=10) as shop:
            while time.monotonic() < ends_at:
                number += 1
                await self._order(shop, number)
                await asyncio.sleep(0.1)

    async def _order(self, shop: httpx.AsyncClient, number: int) -> None:
        users, products = self._buyers.users, self._buyers.products
        product_id = products[number % len(products)]
        body = {
            "user_id": str(users[number % len(users)]),
            "items": [{"product_id": str(product_id), "quantity": 1}],
        }
        while True:
            with suppress(httpx.TransportError):
                answer = await shop.post(
                    "/api/v1/orders", json=body, headers={"Idempotency-Key": f"chaos-{number}"}
                )
                if answer.status_code == 201:
                    self.order_ids.append(UUID(answer.json()["id"]))
                    return
            self.repeats += 1
            await asyncio.sleep(0.3)


class ProxiedTest:
    """One run: two producers, a buyer over HTTP, and outages of the shop and its servers."""

    def __init__(
        self,
        shop: Shop,
        proxy: Proxy,
        herds: tuple[Herd, Herd],
        blows: Sequence[Blow],
        buyers: Buyers,
    ) -> None:
        self._shop = shop
        self._proxy = proxy
        self._herds = herds
        self._blows = blows
        self._chance = herds[0].chance
        settings = through(shop.settings, proxy)
        self._supplied = dict.fromkeys(buyers.products, PLENTY)
        self._producers = [
            ForeignProducer(settings, buyers.users, buyers.products, self._chance.random())
            for _ in range(_PRODUCERS)
        ]
        self._buyer = HttpBuyer(buyers)
        self._fallen: Counter[str] = Counter()
        self._hunted_until = math.inf

    async def run(self, seconds: float, title: str) -> Report:
        """Run the test, and check the results."""
        self._hunted_until = time.monotonic() + seconds
        async with asyncio.TaskGroup() as group:
            keeping = [group.create_task(each.keep()) for each in self._herds]
            work = [asyncio.to_thread(each.run, seconds) for each in self._producers]
            await asyncio.gather(*work, self._buyer.run(seconds), self._hunt(), self._strike())
            self._proxy.is_calm = True
            hung = await self._rest()
            for herd in self._herds:
                await herd.settle()
            for each in keeping:
                each.cancel()
        disorder = [each for herd in self._herds for each in await herd.stop()]
        report = Report(title)
        report.checks = {
            "all came to rest in time": hung,
            "no process ends by itself while at work": "; ".join(
                each for herd in self._herds for each in herd.ends_at_work
            )
            or None,
            "processes end in order when asked": "; ".join(disorder) or None,
            **await self._verdict(report),
        }
        return report

    async def _hunt(self) -> None:
        while time.monotonic() < self._hunted_until:
            await asyncio.sleep(self._chance.uniform(3, 12))
            self._chance.choice(self._herds).kill_one()

    async def _strike(self) -> None:
        while time.monotonic() < self._hunted_until:
            await asyncio.sleep(self._chance.uniform(20, 45))
            blow = self._chance.choice(self._blows)
            await asyncio.to_thread(blow.strike)
            await asyncio.sleep(self._chance.uniform(1, 6))
            await asyncio.to_thread(blow.server.start)
            self._fallen[blow.name] += 1

    async def _rest(self) -> str | None:
        """Wait until no message is in transit; return those that remain after the time limit."""
        ends_at, quiet_looks, left = time.monotonic() + _REST_SECONDS, 0, "not asked"
        while quiet_looks < 3:
            if time.monotonic() > ends_at:
                return left
            await asyncio.sleep(1)
            async with self._shop.database.read() as session:
                waiting = len((await session.scalars(select(OutboxMessage.position))).all())
            queues = {each: count for each, count in await self._depths() if count}
            left = f"{waiting} in the outbox, {queues} on the broker"
            quiet_looks = quiet_looks + 1 if not waiting and not queues else 0
        return None

    async def _depths(self) -> list[tuple[str, int]]:
        try:
            return list((await depths(self._shop.settings)).items())
        except Exception as error:  # pylint: disable=broad-exception-caught  # asked again
            return [(type(error).__name__, 1)]

    def _note(self, report: Report, sent_count: int, fates: Counter[str]) -> None:
        report.rows += [
            ("messages confirmed", f"{sent_count}"),
            ("  of them sent again, unconfirmed", f"{sum(_repeats(self._producers))}"),
            *((f"  {fate}", f"{count}") for fate, count in sorted(fates.items())),
            (
                "orders over HTTP",
                f"{len(self._buyer.order_ids)}, {self._buyer.repeats} requests repeated",
            ),
            *((f"connections: {each}", f"{n}") for each, n in sorted(self._proxy.faults.items())),
            *((each, f"{n}") for each, n in sorted(self._fallen.items())),
            ("workers killed", f"{self._herds[0].kill_count}"),
            ("web processes killed", f"{self._herds[1].kill_count}"),
        ]

    async def _verdict(self, report: Report) -> Checks:
        sent = [each for one in self._producers for each in one.confirmed.sendings]
        async with self._shop.database.read() as session:
            orders = dict((await session.execute(select(Order.id, Order.status))).tuples().all())
            letters = {
                bytes(row.body_digest): row.code
                for row in await session.execute(select(DeadLetter.body_digest, DeadLetter.code))
            }
        books = await read_books(self._shop)
        bought = set(self._buyer.order_ids)
        commands = [each for each in sent if each.order_id is not None]
        fates = Counter(_fate(each, orders, letters) for each in sent)
        self._note(report, len(sent), fates)
        known = {hashlib.sha256(each.body).digest() for each in sent}
        strange = orders.keys() - {each.order_id for each in commands} - bought
        return {
            "every confirmed message was applied, or has a dead letter": _many(
                fates["lost"], "neither"
            ),
            "no valid message was parked": _many(fates["parked although valid"], "were"),
            "every order answered over HTTP is there": _many(
                len(bought - orders.keys()), "are not"
            ),
            "no order came from nowhere": _many(len(strange), "did"),
            "every dead letter is of a message": _many(len(letters.keys() - known), "are not"),
            "stock + ordered = supplied, for every product": _many(
                sum(
                    books.stock[each] + books.ordered.get(each, 0) != count
                    for each, count in self._supplied.items()
                ),
                "products differ",
            ),
        }


def _repeats(producers: Sequence[ForeignProducer]) -> list[int]:
    return [each.confirmed.repeats for each in producers]


def _many(count: int, what: str) -> str | None:
    return f"{count} {what}" if count else None


def _fate(sending: Sending, orders: Mapping[UUID, str], letters: Mapping[bytes, str]) -> str:
    """Return the result of a message."""
    code = letters.get(hashlib.sha256(sending.body).digest())
    if sending.order_id is None:
        return "lost" if code is None else "no command, parked"
    is_there = sending.order_id in orders and (
        sending.queue == "order" or orders[sending.order_id] == "paid"
    )
    if is_there and code is None:
        return "applied"
    if is_there and code in _ECHOES and not sending.has_own_id:
        return "applied, and parked once more as ambiguous"
    if code == "ambiguous" and sending.properties.get("message_id") == short(FIXED_ID.encode()):
        return "parked because another message has its id"
    return "lost" if code is None else "parked although valid"


def through(settings: Settings, proxy: Proxy) -> Settings:
    """Return the settings of a process that reaches the broker through a proxy."""
    return settings.model_copy(update={"rabbitmq_host": "127.0.0.1", "rabbitmq_port": proxy.port})
