"""Delivers the events of the stub of Stripe: signed, repeated until accepted, out of order."""

import asyncio
import json
import random
from dataclasses import dataclass
from typing import Any

import aiohttp
import stripe

from tests.support.servers.stripe.books import Books

_AT_ONCE = 16
_IDLE_SECONDS = 0.02
_ANSWER_SECONDS = 10
_LONGEST_PAUSE = 30.0


@dataclass(frozen=True)
class Endpoint:
    """The URL for events, and the shares of lost, doubled and late ones."""

    url: str
    secret: str
    drop: float = 0.0
    double: float = 0.0
    delay: float = 0.0
    delay_seconds: float = 2.0
    retry_seconds: float = 1.0
    seed: int = 0


class Webhooks:
    """Sends due events to the endpoint; no event is lost before the endpoint has accepted it."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._sending: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._random = random.Random(0)
        self.endpoint: Endpoint | None = None
        if word := books.word("endpoint"):
            self.order(json.loads(word))

    def order(self, asked: dict[str, Any] | None) -> None:
        """Set the endpoint, or none."""
        self.endpoint = Endpoint(**asked) if asked else None
        self._random = random.Random(self.endpoint.seed if self.endpoint else 0)
        self._books.set_word("endpoint", json.dumps(asked))

    async def run(self) -> None:
        """Deliver until cancelled."""
        timeout = aiohttp.ClientTimeout(total=_ANSWER_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                if self.endpoint is None or not self._start(session, self.endpoint):
                    await asyncio.sleep(_IDLE_SECONDS)
                else:
                    await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    def _start(self, session: aiohttp.ClientSession, endpoint: Endpoint) -> bool:
        free = _AT_ONCE - len(self._sending)
        due = self._books.deliveries.due(_AT_ONCE + free) if free else []
        for number, event, attempts in due:
            if number not in self._sending and len(self._sending) < _AT_ONCE:
                self._sending.add(number)
                task = asyncio.create_task(
                    self._deliver(session, endpoint, (number, event, attempts))
                )
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        return bool(self._tasks)

    async def _deliver(
        self, session: aiohttp.ClientSession, endpoint: Endpoint, due: tuple[int, str, int]
    ) -> None:
        number, event, attempts = due
        try:
            if attempts == 0 and self._random.random() < endpoint.delay:
                self._books.deliveries.postpone(
                    number, self._random.random() * endpoint.delay_seconds
                )
                return
            if self._random.random() < endpoint.drop:
                self._books.deliveries.forget(number)
                return
            times = 2 if self._random.random() < endpoint.double else 1
            answers = [await self._post(session, endpoint, event) for _ in range(times)]
            if any(answers):
                self._books.deliveries.forget(number)
            else:
                pause = min(endpoint.retry_seconds * 2 ** min(attempts, 10), _LONGEST_PAUSE)
                self._books.deliveries.postpone(number, pause)
        finally:
            self._sending.discard(number)

    async def _post(self, session: aiohttp.ClientSession, endpoint: Endpoint, event: str) -> bool:
        body = json.dumps(self._books.get("event", event))
        # Signed by the library, so that the shop does not verify signatures of its own code.
        signature = stripe.WebhookSignature.generate_signature_header(body, endpoint.secret)
        headers = {"Stripe-Signature": signature, "Content-Type": "application/json; charset=utf-8"}
        try:
            async with session.post(endpoint.url, data=body, headers=headers) as response:
                return 200 <= response.status < 300
        except (aiohttp.ClientError, TimeoutError):
            return False
