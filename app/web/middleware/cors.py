"""The headers that pages of other origins may send and read (Fetch standard, section 3.2)."""

from collections.abc import Collection

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
READ = (
    "Accept",
    "Authorization",
    "Cart-Token",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "Prefer",
    "X-Request-ID",
    "traceparent",
    "tracestate",
)
"""Headers of requests that the API reads."""
ANSWERED = (
    "Allow",
    "Cart-Token",
    "Content-Disposition",
    "ETag",
    "Idempotency-Replayed",
    "Location",
    "Preference-Applied",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
    "WWW-Authenticate",
    "X-Cache",
    "X-Request-ID",
)
"""Headers of responses that clients need; browsers always expose some others."""
_PREFLIGHT_SECONDS = b"600"

HeaderList = list[tuple[bytes, bytes]]


def preflight_headers() -> HeaderList:
    """Return the headers of the answer to a preflight request."""
    return [
        (b"access-control-allow-methods", _listed(METHODS)),
        (b"access-control-allow-headers", _listed(READ)),
        (b"access-control-max-age", _PREFLIGHT_SECONDS),
    ]


class Origins:
    """The origins whose pages may call the shop."""

    def __init__(self, origins: Collection[str]) -> None:
        self._origins = frozenset(origins)

    def allow(self, origin: str | None) -> bool:
        """Return whether pages of an origin may call the shop."""
        return origin is not None and (origin in self._origins or "*" in self._origins)

    def headers(self, origin: str | None) -> HeaderList:
        """Return the CORS headers of every response to a page of an origin."""
        if not self._origins:
            return []
        headers = [(b"vary", b"Origin")]
        if origin is not None and self.allow(origin):
            headers.append((b"access-control-allow-origin", origin.encode("latin-1")))
            headers.append((b"access-control-expose-headers", _EXPOSED))
        return headers


def _listed(names: Collection[str]) -> bytes:
    return ", ".join(names).encode()


_EXPOSED = _listed(ANSWERED)
