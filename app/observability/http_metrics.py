"""The HTTP metrics of a process: plain numbers, because every request updates them."""

from bisect import bisect_left
from dataclasses import dataclass, field

BUCKET_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
UNKNOWN_ROUTE = "unknown"
"""The route of all paths that the shop does not have."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"})


@dataclass(slots=True)
class Durations:
    """The response times of one route."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKET_SECONDS) + 1))
    """The number per bucket, not cumulative; the last bucket has no upper bound."""
    sum_seconds: float = 0.0


class HttpMetrics:
    """The requests of a process by method, route and status, and the response times by route.

    A route is the template of a path: callers can invent any number of paths.
    """

    def __init__(self) -> None:
        self.requests: dict[tuple[str, str, int], int] = {}
        self.durations: dict[str, Durations] = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Record a request that was answered."""
        key = (method if method in _METHODS else "other", route, status)
        self.requests[key] = self.requests.get(key, 0) + 1
        durations = self.durations.get(route)
        if durations is None:
            durations = self.durations[route] = Durations()
        durations.counts[bisect_left(BUCKET_SECONDS, seconds)] += 1
        durations.sum_seconds += seconds
