"""A foreign producer: unusual properties, duplicates, and bodies that are no commands."""

import json
import random
import time
from collections import deque
from dataclasses import dataclass, field
from uuid import UUID

from app.settings import Settings
from tests.test_messaging.test_rabbitmq.foreign import Producer, producer, short
from tests.test_messaging.test_rabbitmq.odd_properties import ODD

FIXED_ID = "always-the-same"
_BAD_BODIES = (b"", b"?", b'{"a":', b"\xff\xfe", b"[]", b"null", b'{"sku": 1}', b"\0" * 300)
_KINDS = ("order", "order", "order", "order", "pair", "pair", "bad", "fixed")
_PAUSE_SECONDS = 0.02
_LONGEST_LEAD = 200


@dataclass(frozen=True, slots=True)
class Sending:
    """A message, and its expected result."""

    queue: str
    body: bytes
    properties: dict[str, bytes]
    order_id: UUID | None
    """The order that the message places or changes; None if it is not a command."""

    @property
    def has_own_id(self) -> bool:
        """Whether no message with another body has its id."""
        return self.properties.get("message_id", b"") not in (b"", short(FIXED_ID.encode()))


@dataclass(slots=True)
class Confirmed:
    """The messages that the broker has confirmed."""

    sendings: list[Sending] = field(default_factory=list)
    repeats: int = 0
    """The number of messages that were sent again, because no confirmation arrived."""


class ForeignProducer:
    """Sends messages through a proxy for a limited time; it runs in a thread."""

    def __init__(
        self, settings: Settings, users: list[UUID], products: list[UUID], seed: float
    ) -> None:
        self.confirmed = Confirmed()
        self._settings = settings
        self._users = users
        self._products = products
        self._chance = random.Random(seed)
        self._later: deque[tuple[int, Sending]] = deque()
        self._count = 0

    def run(self, seconds: float) -> None:
        """Send messages for a time, and then the messages that must follow others."""
        ends_at = time.monotonic() + seconds
        waiting: deque[Sending] = deque()
        while waiting or self._later or time.monotonic() < ends_at:
            try:
                with producer(self._settings) as connection:
                    self._send_all(connection, waiting, ends_at)
            # A connection that ends at any byte fails in as many ways; a broker that is down, too.
            except Exception:  # pylint: disable=broad-exception-caught
                self.confirmed.repeats += 1
                time.sleep(0.2)

    def _send_all(self, connection: Producer, waiting: deque[Sending], ends_at: float) -> None:
        while True:
            if not waiting:
                waiting.extend(self._next(is_over=time.monotonic() >= ends_at))
            if not waiting:
                return
            sending = waiting[0]
            connection.publish(sending.queue, sending.body, **sending.properties)
            self.confirmed.sendings.append(waiting.popleft())
            time.sleep(_PAUSE_SECONDS)

    def _next(self, *, is_over: bool) -> list[Sending]:
        self._count += 1
        if self._later and (is_over or self._later[0][0] <= self._count):
            return [self._later.popleft()[1]]
        return [] if is_over else self._new()

    def _new(self) -> list[Sending]:
        kind = self._chance.choice(_KINDS)
        if kind == "bad":
            return [self._bad()]
        order = self._order(FIXED_ID if kind == "fixed" else None)
        if kind == "pair":
            # The update overtakes its order.
            self._follow(order)
            return [self._update(order)]
        copies = 1 + (self._chance.random() < 0.1)
        if self._chance.random() < 0.05:
            self._follow(order)
        return [order] * copies

    def _follow(self, sending: Sending) -> None:
        at = self._count + self._chance.randint(1, _LONGEST_LEAD)
        self._later.append((at, sending))
        self._later = deque(sorted(self._later, key=lambda each: each[0]))

    def _order(self, fixed_id: str | None) -> Sending:
        order_id = UUID(int=self._chance.getrandbits(128), version=4)
        items = [
            {"product_id": str(each), "quantity": self._chance.randint(1, 3)}
            for each in self._chance.sample(self._products, 3)
        ]
        body = {"id": str(order_id), "user_id": str(self._chance.choice(self._users))}
        properties = dict(self._chance.choice(list(ODD.values())))
        if fixed_id is not None:
            properties["message_id"] = short(fixed_id.encode())
        elif self._chance.random() < 0.7:
            properties["message_id"] = short(f"order {order_id}".encode())
        elif "message_id" in properties:
            # Unusual, and of this message only.
            properties["message_id"] = short(b"\xfc" + order_id.bytes)
        return Sending("order", json.dumps(body | {"items": items}).encode(), properties, order_id)

    def _update(self, order: Sending) -> Sending:
        body = {"order_id": str(order.order_id), "order_data": {"status": "paid"}}
        properties = dict(self._chance.choice(list(ODD.values())))
        properties["message_id"] = short(f"update {order.order_id}".encode())
        return Sending("order_update", json.dumps(body).encode(), properties, order.order_id)

    def _bad(self) -> Sending:
        # Each with a unique body: without an id, equal ones could not be distinguished.
        own = b"%x" % self._chance.getrandbits(64)
        body = self._chance.choice(_BAD_BODIES) + own
        queue = self._chance.choice(("product", "product_update", "order", "order_update"))
        return Sending(queue, body, dict(self._chance.choice(list(ODD.values()))), None)
