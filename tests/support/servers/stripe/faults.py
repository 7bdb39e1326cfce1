"""The faults that the stub of Stripe has on request, by their names."""

import random
from collections import Counter, deque
from enum import StrEnum
from typing import Any


class Fault(StrEnum):
    """The fault of one request."""

    SLOW_BEFORE = "slow_before"
    """The request is executed late, and its key is in use until then."""
    SLOW_AFTER = "slow_after"
    """The request is executed, and its response is late."""
    CUT_BEFORE = "cut_before"
    """The request is not executed, and the connection is closed."""
    CUT_AFTER = "cut_after"
    """The request is executed, and the connection is closed in the middle of the response."""
    LIMITED = "rate_limited"
    """The request is refused with 429."""
    ERROR_BEFORE = "error_before"
    """The request is not executed, and gets a 500 that is not stored."""
    ERROR_AFTER = "error_after"
    """The request is executed, and gets a 500 that is stored under its key."""
    ERROR_STORED = "error_stored"
    """The request is not executed, and gets a 500 that is stored under its key."""


class Faults:
    """Chooses the faults of requests: those of the next requests first, then at random."""

    def __init__(self) -> None:
        self.slow_seconds = 20.0
        self.counts: Counter[str] = Counter()
        """The number of requests with each fault."""
        self._next: deque[tuple[Fault, str]] = deque()
        self._shares: dict[Fault, float] = {}
        self._random = random.Random(0)

    def order(self, asked: dict[str, Any]) -> None:
        """Set the share of requests of each fault, with `seed` and `slow_seconds`."""
        asked = dict(asked)
        self.slow_seconds = float(asked.pop("slow_seconds", self.slow_seconds))
        self._random = random.Random(asked.pop("seed", 0))
        self._shares = {Fault(name): float(share) for name, share in asked.items()}

    def order_next(self, asked: list[dict[str, str]]) -> None:
        """Set the faults of the next requests in order: `fault`, and `on` a method and path."""
        self._next = deque((Fault(each["fault"]), each.get("on", "")) for each in asked)

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault of a request, and count it."""
        fault = self._of(method, path)
        if fault is not None:
            self.counts[fault] += 1
        return fault

    def _of(self, method: str, path: str) -> Fault | None:
        if self._next:
            fault, where = self._next[0]
            if f"{method} {path}".startswith(where):
                self._next.popleft()
                return fault
        if not self._shares:
            return None
        point = self._random.random()
        for fault, share in self._shares.items():
            point -= share
            if point < 0:
                return fault
        return None
