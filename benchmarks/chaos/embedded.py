"""The kill test of a shop that is one process over SQLite, without a broker."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import httpx

from app.errors import Unavailable
from app.security.areas import SCOPES
from app.security.principal import Caller
from app.wiring.areas.messaging import provide_operations, provide_outbox
from app.wiring.resources import Shop
from benchmarks.chaos.books import count_settled, read_books
from benchmarks.chaos.plan import Message, Plan
from benchmarks.chaos.processes import Herd
from benchmarks.chaos.report import Report
from benchmarks.chaos.storm import weather
from benchmarks.chaos.verdict import check_books, check_operations

_CALLER = Caller("machine chaos", scopes=frozenset(SCOPES))
_BUYERS = 4
_FEWEST_KILLS = 3


class EmbeddedTest:
    """One run: asynchronous requests, and a process that is killed repeatedly."""

    def __init__(self, shop: Shop, plan: Plan, herd: Herd, url: str, seconds: float) -> None:
        self._shop = shop
        self._plan = _as_sent(plan)
        self._herd = herd
        self._chance = herd.chance
        self._client = httpx.AsyncClient(base_url=f"{url}/api/v1/", timeout=10)
        self._pause_seconds = seconds * _BUYERS / len(plan.sendings)
        self._asked: dict[str, str] = {}
        # The second sending of a message needs the id that the first one got.
        self._putting = asyncio.Lock()
        self._repeat_count = 0
        self._changed: list[str] = []

    async def run(self, deadline_seconds: float, title: str, supplied: dict[UUID, int]) -> Report:
        """Run the test, and check the results."""
        started = time.monotonic()
        async with self._client:
            hung = await weather(
                self._shop, self._herd, self._work(), self._kill(), deadline_seconds
            )
        seconds = time.monotonic() - started
        disorder = await self._herd.stop()
        books = await read_books(self._shop, {value: key for key, value in self._asked.items()})
        report = Report(title)
        report.note_kills(self._herd, "shop")
        report.note_messages(self._plan, books)
        report.rows.append(("requests repeated", f"{self._repeat_count}"))
        report.rows.append(("seconds", f"{seconds:.0f}"))
        few = None if self._herd.kill_count >= _FEWEST_KILLS else f"{self._herd.kill_count} kills"
        report.checks = {
            "all came to rest in time": hung,
            "it was killed often enough": few,
            "it does not end by itself while at work": "; ".join(self._herd.ends_at_work) or None,
            "it ends in order when asked": "; ".join(disorder) or None,
            "a request that is repeated is the same operation": ", ".join(self._changed) or None,
            **check_books(self._plan, books, supplied),
            **check_operations(self._plan, books.operations, self._asked),
        }
        return report

    async def _work(self) -> None:
        """Send all messages, and wait until each has a result."""
        await self._log_in()
        waiting = iter(self._plan.sendings)
        await asyncio.gather(*(self._ask_for_each(waiting) for _ in range(_BUYERS)))
        await self._rest()

    async def _kill(self) -> None:
        """Kill the shop repeatedly, some time after each start."""
        while True:
            await asyncio.sleep(0.2)
            try:
                await self._client.get("products?limit=1")
            except httpx.TransportError:
                continue
            await asyncio.sleep(self._chance.uniform(1, 3))
            self._herd.kill_one()

    async def _log_in(self) -> None:
        password = self._shop.settings.admin_password
        assert password is not None
        form = {
            "username": self._shop.settings.admin_email,
            "password": password.get_secret_value(),
        }
        answer = await self._until_answered("auth/token", data=form)
        answer.raise_for_status()
        self._client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    async def _ask_for_each(self, waiting: Iterator[Message]) -> None:
        for message in waiting:
            if _goes_by_http(message):
                await self._ask(message)
            else:
                async with self._putting:
                    await self._put(message)
            await asyncio.sleep(self._pause_seconds)

    async def _ask(self, message: Message) -> None:
        """Request an asynchronous order over HTTP."""
        headers = {"Prefer": "respond-async", "Idempotency-Key": message.id}
        answer = await self._until_answered("orders", json=message.body, headers=headers)
        if answer.status_code != 202:
            raise SystemExit(f"error: {answer.status_code}: {answer.text}")
        operation_id = answer.json()["id"]
        if self._asked.setdefault(message.id, operation_id) != operation_id:
            self._changed.append(message.id)

    async def _until_answered(self, path: str, **request: object) -> httpx.Response:
        while True:
            try:
                answer = await self._client.post(path, **request)  # type: ignore[arg-type]
            except httpx.TransportError:
                answer = None
            # 409: the first request is still in progress, or was lost with its process.
            if answer is not None and answer.status_code < 500 and answer.status_code != 409:
                return answer
            self._repeat_count += 1
            await asyncio.sleep(0.2)

    async def _put(self, message: Message) -> None:
        """Put a command into the outbox from another process; the second time under its own id."""
        while True:
            try:
                async with self._shop.database.write() as session:
                    if (known := self._asked.get(message.id)) is not None:
                        outbox = provide_outbox(session, self._shop)
                        await outbox.enqueue("order", known, message.content)
                        return
                    operations = provide_operations(session, self._shop)
                    begun = await operations.begin(_CALLER, "order", message.content)
                self._asked[message.id] = str(begun.id)
                return
            except Unavailable:
                self._repeat_count += 1

    async def _rest(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            settled, waiting = await count_settled(self._shop)
            if settled >= len(self._plan.messages) and not waiting:
                return


def _goes_by_http(message: Message) -> bool:
    # A body that does not match its schema is refused over HTTP, and never put on a queue.
    return int(message.id[-1], 16) < 8 and message.refusal != "invalid-input"


def _as_sent(plan: Plan) -> Plan:
    """Return the plan without the ids that a caller cannot choose over HTTP."""
    sent = {
        each.id: (
            replace(each, body={name: part for name, part in each.body.items() if name != "id"})
            if _goes_by_http(each)
            else each
        )
        for each in plan.messages
    }
    return Plan(
        [sent[each.id] for each in plan.messages], [sent[each.id] for each in plan.sendings]
    )
