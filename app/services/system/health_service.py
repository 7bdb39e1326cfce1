"""The health of the services that the shop depends on."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

from msgspec import Struct

from app.errors import Unavailable
from app.schemas.system.health_schema import DependencyHealth, Readiness

_TIMEOUT_SECONDS = 2.0


class Check(Struct, frozen=True):
    """The probe of a dependency, and whether the shop can serve without the dependency."""

    ask: Callable[[], Awaitable[None]]
    """Raises `Unavailable` or `TimeoutError` if the dependency does not answer."""
    is_needed: bool = False


class HealthService:
    """Probes every dependency."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks

    async def readiness(self) -> Readiness:
        """Return for each dependency whether it answered, and in what time."""
        checks = self._checks
        answers = await asyncio.gather(*(self._probe(each.ask) for each in checks.values()))
        dependencies = dict(zip(checks, answers))
        down = [name for name, answer in dependencies.items() if answer.status == "down"]
        if any(checks[name].is_needed for name in down):
            return Readiness(status="down", dependencies=dependencies)
        return Readiness(status="degraded" if down else "ok", dependencies=dependencies)

    async def _probe(self, ask: Callable[[], Awaitable[None]]) -> DependencyHealth:
        started = time.perf_counter()
        try:
            await asyncio.wait_for(ask(), _TIMEOUT_SECONDS)
        except (Unavailable, TimeoutError):
            return DependencyHealth(status="down", latency_ms=None)
        return DependencyHealth(
            status="ok", latency_ms=round((time.perf_counter() - started) * 1000, 3)
        )
