"""Whether the processes that the shop depends on answer."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

from app.errors import Unavailable
from app.schemas.health_schema import DependencyHealth, Readiness

_TIMEOUT_SECONDS = 2.0


class HealthService:
    """Asks every dependency for a sign of life."""

    def __init__(self, checks: Mapping[str, Callable[[], Awaitable[None]]]) -> None:
        self._checks = checks

    async def readiness(self) -> Readiness:
        """Tell of each dependency whether it answered, and how fast."""
        names = list(self._checks)
        answers = await asyncio.gather(*(self._ask(self._checks[name]) for name in names))
        is_ready = all(answer.status == "ok" for answer in answers)
        return Readiness(
            status="ok" if is_ready else "down", dependencies=dict(zip(names, answers))
        )

    async def _ask(self, check: Callable[[], Awaitable[None]]) -> DependencyHealth:
        started = time.perf_counter()
        try:
            await asyncio.wait_for(check(), _TIMEOUT_SECONDS)
        except (Unavailable, TimeoutError):
            return DependencyHealth(status="down", latency_ms=None)
        return DependencyHealth(
            status="ok", latency_ms=round((time.perf_counter() - started) * 1000, 3)
        )
