"""Customers of every kind order, pay and cancel at random under a moved clock."""

import heapq
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from random import Random
from typing import Any
from unittest.mock import patch
from uuid import UUID

import httpx

from app.core.ids import new_id
from app.core.order_statuses import EXPIRY
from app.jobs.daily_reports import make_report
from app.jobs.errands.orders import expire_order
from app.messaging.pipeline import Pipeline
from app.repositories.reports.cancellation_repository import CancellationRepository
from app.services.reports.report_maker import Outcome
from app.wiring.resources import Shop
from tests.test_controllers.carts.setting import Customer, guest
from tests.test_controllers.checkout.setting import check_out
from tests.test_messaging.deliveries import message
from tests.test_reports.trade.opening import CODES, PLACES, VAT_NUMBER, Shelf, address_in
from tests.test_reports.trade.recount import (
    FACTS,
    Document,
    Recount,
    apart,
    contradictions_of,
    taxes_of,
    told_by,
)

Step = Callable[[], Awaitable[None]]
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
_DAYS_OF_A_KIND_OF_PRICES = 7
_LONGEST = 25


@dataclass(order=True)
class Event:
    """An action of a customer at a moment."""

    at: datetime
    number: int
    do: Step = field(compare=False)


class Trade:
    """Trades for some days, and compares the report of each with the orders in the API."""

    def __init__(self, shop: Shop, client: httpx.AsyncClient, shelf: Shelf, seed: int = 1) -> None:
        self._shop = shop
        self._client = client
        self._shelf = shelf
        self._chance = Random(seed)
        self._events: list[Event] = []
        self._numbers = count()
        self._touched: set[str] = set()
        self._orders: dict[str, Document] = {}
        self._digests: dict[date, str] = {}
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []

    async def run(self, first: date, days: int, most_orders: int) -> None:
        """Trade from a day on, with at least a third of the highest number of orders each day.

        Prices include tax in one week and exclude it in the next. At the end, every report is
        made again and compared again.
        """
        for number in range(days):
            day = first + number * DAY
            is_net = number // _DAYS_OF_A_KIND_OF_PRICES % 2 == 1
            self._shop.settings = self._shop.settings.model_copy(
                update={"prices_include_tax": not is_net}
            )
            starts_at, ends_at = self._shop.days.window_of(day)
            for _ in range(self._chance.randint(-(-most_orders // 3), most_orders)):
                moment = starts_at + (ends_at - starts_at) * self._chance.random()
                self._plan(moment, self._chance.choice([self._by_cart, self._by_post, self._queue]))
            await self._live_until(ends_at)
            await self._close(day)
        await self._look_again()

    def _plan(self, at: datetime, step: Step) -> None:
        heapq.heappush(self._events, Event(at, next(self._numbers), step))

    async def _live_until(self, end: datetime) -> None:
        while self._events and self._events[0].at < end:
            event = heapq.heappop(self._events)
            self._move_to(event.at)
            await event.do()
        self._move_to(end)

    def _move_to(self, moment: datetime) -> None:
        # Real time has passed, too, so the moment may be over.
        self._shop.clock.move(max(moment - self._shop.clock.now(), timedelta()))

    def _basket(self) -> dict[str, int]:
        chosen = self._chance.sample(self._shelf.products, self._chance.randint(1, 4))
        return {each: self._chance.randint(1, 5) for each in chosen}

    async def _by_cart(self) -> None:
        place = self._chance.choice(PLACES)
        fields: dict[str, Any] = {
            "email": f"guest{self._chance.randrange(50)}@example.com",
            "delivery_address": address_in(place),
            "shipping_method_id": self._chance.choice(self._shelf.methods),
        }
        if place[0] == "AT" and self._chance.random() < 0.4:
            fields["vat_number"] = VAT_NUMBER
        cart = await guest(self._client, **fields)
        shown: Document = {}
        for product_id, quantity in self._basket().items():
            shown = await cart.put(product_id, quantity)
        if self._chance.random() < 0.4:
            shown = await cart.enter(self._chance.choice(CODES))
        response = await check_out(cart, shown["total"])
        order = _placed(response)
        self.counts["placed by a cart"] += 1
        self._touched.add(order["id"])
        self._fate(order["id"], cart, datetime.fromisoformat(order["pay_by"]))

    async def _by_post(self) -> None:
        order = _placed(await self._client.post("/orders", json=self._asked()))
        self.counts["placed by POST /orders"] += 1
        self._touched.add(order["id"])
        self._fate(order["id"])

    async def _queue(self) -> None:
        order_id = str(new_id(self._shop.clock.now()))
        await Pipeline(self._shop).process([message("order", self._asked() | {"id": order_id})])
        self.counts["placed by the queue"] += 1
        self._touched.add(order_id)
        self._fate(order_id)

    def _asked(self) -> dict[str, Any]:
        body = {
            "user_id": self._chance.choice(self._shelf.users),
            "items": [
                {"product_id": each, "quantity": units} for each, units in self._basket().items()
            ],
            "delivery_address": address_in(self._chance.choice(PLACES)),
        }
        if self._chance.random() < 0.7:
            body["shipping_method_id"] = self._chance.choice(self._shelf.methods)
        return body

    def _fate(
        self, order_id: str, cart: Customer | None = None, pay_by: datetime | None = None
    ) -> None:
        """Plan the next events of an order: it is paid, cancelled soon or later, or not paid."""
        now, roll = self._shop.clock.now(), self._chance.random()
        later = now + self._chance.uniform(1, _LONGEST) * DAY
        if roll < 0.2:
            soon = now + self._chance.randint(1, 240) * MINUTE
            self._plan(soon, lambda: self._cancel(order_id, cart))
        elif roll < 0.4:
            self._plan(later, lambda: self._cancel(order_id, None))
        elif roll < 0.8:
            self._plan(now + self._chance.randint(1, 600) * MINUTE, lambda: self._pay(order_id))
            if roll < 0.5:
                self._plan(later, lambda: self._cancel(order_id, None))
        if self._chance.random() < 0.3:
            for _ in range(self._chance.randint(1, 4)):
                soon = now + self._chance.randint(1, 5_000) * MINUTE
                self._plan(soon, lambda: self._cancel_line(order_id))
        if pay_by is not None:
            self._plan(pay_by + MINUTE, lambda: self._expire(order_id))

    async def _pay(self, order_id: str) -> None:
        response = await self._client.patch(f"/orders/{order_id}", json={"status": "paid"})
        self._count("paid", order_id, response)

    async def _cancel(self, order_id: str, cart: Customer | None) -> None:
        if cart is None:
            response = await self._client.post(f"/orders/{order_id}/cancel")
        else:
            response = await cart.send("POST", "/order/cancel")
        self._count("cancelled", order_id, response)

    async def _cancel_line(self, order_id: str) -> None:
        """Cancel some units of a line, if that many are left."""
        order = (await self._client.get(f"/orders/{order_id}")).json()
        line = self._chance.choice(order["items"])
        variant_id = line.get("variant_id", line["product_id"])
        response = await self._client.post(
            f"/orders/{order_id}/lines/{variant_id}/cancel",
            json={"quantity": self._chance.randint(1, 2)},
        )
        self._count("lines cancelled", order_id, response)

    def _count(self, what: str, order_id: str, response: httpx.Response) -> None:
        # An order of a cart may have expired before.
        assert response.status_code in (200, 409), response.text
        self.counts[what if response.status_code == 200 else f"not {what}"] += 1
        self._touched.add(order_id)

    async def _expire(self, order_id: str) -> None:
        await expire_order(self._shop, UUID(order_id))
        self._touched.add(order_id)

    async def _close(self, day: date) -> None:
        """Make the report of an ended day twice, and compare it with the orders."""
        await self._read(self._touched)
        self._touched.clear()
        outcome = await make_report(self._shop, day)
        self._expect(day, "made", outcome, Outcome.MADE)
        report = await self._compare(day, Recount(self._orders.values(), self._zone))
        self._digests[day] = report["digest"]
        self._expect(day, "made again", await make_report(self._shop, day), Outcome.UNCHANGED)
        self.counts["days"] += 1
        for part in ("cancelled", "corrections"):
            self.counts[f"{part} in reports"] += report[part]["orders_count"]

    async def _look_again(self) -> None:
        before = dict(self._orders)
        await self._read(set(before))
        self._expect(None, "the orders", self._orders, before)
        recount = Recount(self._orders.values(), self._zone)
        for day, digest in self._digests.items():
            outcome = await make_report(self._shop, day)
            self._expect(day, "made in the end", outcome, Outcome.UNCHANGED)
            report = await self._compare(day, recount)
            self._expect(day, "digest", report["digest"], digest)
        orders = list(self._orders.values())
        self.counts["expired"] = sum(map(_is_expired, orders))
        self.counts["with added tax"] = sum(not _is_gross(each) for each in orders)
        self.counts["rates"] = len(taxes_of(orders))
        for name in ("discount", "shipping", "tax"):
            self.counts[f"with {name}"] = sum(FACTS[name](each) > 0 for each in orders)

    async def _read(self, order_ids: set[str]) -> None:
        for order_id in sorted(order_ids):
            response = await self._client.get(f"/orders/{order_id}")
            assert response.status_code == 200, response.text
            order: Document = response.json()
            self._orders[order_id] = order
            self.faults += [
                f"order {order['number']}: its {each} is not the sum of its parts"
                for each in contradictions_of(order)
            ]

    async def _compare(self, day: date, recount: Recount) -> Document:
        report: Mapping[str, Any] = (await self._client.get(f"/reports/{day}")).json()
        differences = apart(recount.report_of(day), told_by(report))
        self.faults += [f"{day}, {each}" for each in differences]
        return report

    def _expect(self, day: date | None, what: str, found: object, expected: object) -> None:
        if found != expected:
            self.faults.append(f"{day}, {what}: {found} instead of {expected}")

    @property
    def _zone(self) -> str:
        return self._shop.days.timezone


def _placed(response: httpx.Response) -> Document:
    assert response.status_code == 201, response.text
    order: Document = response.json()
    return order


def _is_gross(order: Document) -> bool:
    return bool(order.get("prices_include_tax", True))


def _is_expired(order: Document) -> bool:
    last = order["history"][-1]
    return (last["to_status"], last["actor"]) == ("cancelled", EXPIRY)


@contextmanager
def correcting_every_cancellation() -> Iterator[None]:
    """Plant a bug: cancelled orders of the day itself count as corrections, too."""
    own = CancellationRepository.totals

    async def totals(its: Any, window: Any, *, only_late: bool = False) -> Any:
        del only_late
        return await own(its, window)

    with patch.object(CancellationRepository, "totals", totals):
        yield
