"""The buyers and the staff of a test of payments; they repeat requests without a response."""

import asyncio
import random
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import update

from app.core.order_statuses import EXPIRY
from app.errors import Unavailable
from app.models import Errand, Order
from app.wiring.resources import Shop
from tests.support.machines import AUTHORIZATION
from tests.support.servers.stripe import StripeServer
from tests.test_controllers.checkout.setting import BERLIN

_DECLINED, _GOOD = "4000000000000002", "4242424242424242"
_PATIENCE_SECONDS = 240.0
_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 4.0
_KINDS = {"pays": 45, "cancels": 10, "expires": 15, "refunded": 10, "shortened": 10, "leaves": 10}


class Buyers:
    """Check out, begin payments, pay, cancel and let expire; staff returns money."""

    def __init__(
        self,
        shop: Shop,
        stripe: StripeServer,
        ports: list[int],
        product: str,
        *,
        seed: int,
        at_once: int,
    ) -> None:
        self.done: Counter[str] = Counter()
        self.gave_up: list[str] = []
        self._shop = shop
        self._stripe = stripe
        self._roots = [f"http://127.0.0.1:{port}/api/v1" for port in ports]
        self._product = product
        self._chance = random.Random(seed)
        self._at_once = asyncio.Semaphore(at_once)
        self._ends_at = 0.0

    async def run(self, count: int, seconds: float, *, is_expiring: bool = False) -> None:
        """Place orders and pay for some of them; no order is begun after some seconds."""
        self._ends_at = time.monotonic() + seconds
        async with httpx.AsyncClient(timeout=15) as client, asyncio.TaskGroup() as group:
            for number in range(count):
                group.create_task(self._one(client, number, is_expiring))

    async def _one(self, client: httpx.AsyncClient, number: int, is_expiring: bool) -> None:
        async with self._at_once:
            if time.monotonic() > self._ends_at:
                return
            kind = "expires" if is_expiring else self._kind()
            try:
                await self._buy(client, number, kind)
            except (TimeoutError, KeyError) as error:
                self.gave_up.append(f"{kind} {number}: {error}")
            self.done[kind] += 1

    def _kind(self) -> str:
        return self._chance.choices(list(_KINDS), list(_KINDS.values()))[0]

    async def _buy(self, client: httpx.AsyncClient, number: int, kind: str) -> None:
        cart, headers, order = await self._ordered(client, number)
        payment = await self._begun(client, cart, headers)
        if payment is None or kind == "leaves":
            await self._hold_until(order["id"], 1.0)
            return
        if kind == "expires":
            await self._hold_until(order["id"], 0.5)
            await asyncio.sleep(self._chance.uniform(0, 2.5))
        if self._chance.random() < 0.2:
            await self._pay(payment, _DECLINED)
        if kind == "cancels":
            await asyncio.gather(
                self._pay(payment, _GOOD),
                self._send(client, "POST", f"/carts/{cart}/order/cancel", headers=headers),
            )
            return
        await self._pay(payment, _GOOD)
        if kind in ("refunded", "shortened") and (known := await self._captured(client, order)):
            await (self._return_some if kind == "refunded" else self._shorten)(client, known)

    async def _ordered(
        self, client: httpx.AsyncClient, number: int
    ) -> tuple[str, dict[str, str], dict[str, Any]]:
        body = {"email": f"buyer{number}@example.com", "delivery_address": BERLIN}
        opened = await self._send(client, "POST", "/carts", json=body)
        cart, headers = opened.json()["id"], {"Cart-Token": opened.headers["Cart-Token"]}
        line = {"quantity": self._chance.randint(1, 3)}
        path = f"/carts/{cart}/lines/{self._product}"
        total = (await self._send(client, "PUT", path, json=line, headers=headers)).json()["total"]
        wanted = {"payment": "stripe", "expected_total": total, "terms_accepted": True}
        path = f"/carts/{cart}/checkout"
        order = (await self._send(client, "POST", path, json=wanted, headers=headers)).json()
        return cart, headers, order

    async def _begun(
        self, client: httpx.AsyncClient, cart: str, headers: dict[str, str]
    ) -> str | None:
        keyed = headers | {"Idempotency-Key": str(uuid4())}
        path = f"/carts/{cart}/order/payments"
        body = {"provider": "stripe"}
        answer = await self._send(client, "POST", path, json=body, headers=keyed)
        reference: str | None = answer.json().get("reference")
        return reference

    async def _pay(self, reference: str, card: str) -> None:
        await asyncio.to_thread(self._stripe.pay, reference, card)

    async def _captured(
        self, client: httpx.AsyncClient, order: dict[str, Any]
    ) -> dict[str, Any] | None:
        """Wait until the shop knows that an order is paid; return its payment, if it does."""
        ends_at = time.monotonic() + _PATIENCE_SECONDS / 4
        while time.monotonic() < ends_at:
            path = f"/orders/{order['id']}/payments"
            found = (await self._send(client, "GET", path, headers=AUTHORIZATION)).json()
            for each in found["payments"]:
                if each["status"] == "captured":
                    payment: dict[str, Any] = each
                    return payment
            await asyncio.sleep(_PAUSE_SECONDS)
        return None

    async def _return_some(self, client: httpx.AsyncClient, payment: dict[str, Any]) -> None:
        """Return money as staff."""
        headers = AUTHORIZATION | {"Idempotency-Key": str(uuid4())}
        body = {"amount": "1.00", "reason": "Arrived broken."}
        path = f"/payments/{payment['id']}/refunds"
        await self._send(client, "POST", path, json=body, headers=headers)

    async def _shorten(self, client: httpx.AsyncClient, payment: dict[str, Any]) -> None:
        """Cancel a unit as staff, and the order if it is the only unit."""
        headers = AUTHORIZATION | {"Idempotency-Key": str(uuid4())}
        path = f"/orders/{payment['order_id']}/lines/{self._product}/cancel"
        await self._send(client, "POST", path, json={"quantity": 1}, headers=headers)

    async def _hold_until(self, order_id: str, seconds: float) -> None:
        """Let an order expire in some seconds if it is not paid."""
        ends_at = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < ends_at:
            at = datetime.now(UTC) + timedelta(seconds=seconds)
            try:
                async with self._shop.database.write() as session:
                    mine = Order.id == UUID(order_id)
                    await session.execute(update(Order).where(mine).values(pay_by=at))
                    its = (Errand.kind == EXPIRY) & (Errand.subject_id == UUID(order_id))
                    await session.execute(update(Errand).where(its).values(due_at=at))
                return
            except Unavailable:
                await asyncio.sleep(_PAUSE_SECONDS)
        raise TimeoutError("the database does not come back")

    async def _send(
        self, client: httpx.AsyncClient, method: str, path: str, **request: Any
    ) -> httpx.Response:
        """Send a request to a random process, and repeat it until it gets a response."""
        answer, ends_at, pause = "nothing", time.monotonic() + _PATIENCE_SECONDS, _PAUSE_SECONDS
        while time.monotonic() < ends_at:
            root = self._chance.choice(self._roots)
            try:
                response = await client.request(method, root + path, **request)
                answer = f"{response.status_code} {response.text[:200]}"
                if response.status_code < 500 and response.status_code != 429:
                    return response
            except httpx.HTTPError as error:
                answer = type(error).__name__
            # Immediate retries of all requests would overload a process that has just started.
            await asyncio.sleep(self._chance.uniform(pause / 2, pause))
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
        raise TimeoutError(f"{method} {path}: {answer}")
