"""The cookies of pages: that of a log-in, and that of the cart of a guest."""

from http.cookies import CookieError, SimpleCookie
from uuid import UUID

from litestar.datastructures import Cookie

from app.services.identity.browser_log_ins import BROWSER_IDLE
from app.settings import Settings

_LOG_IN, _CART = "lavka", "cart"
_HOST = "__Host-"
_CART_SECONDS = 30 * 24 * 60 * 60


class PageCookies:
    """Reads and creates cookies; in production, browsers accept them only over HTTPS."""

    def __init__(self, settings: Settings) -> None:
        self._is_secure = settings.environment == "production"
        before = _HOST if self._is_secure else ""
        self._log_in, self._cart = before + _LOG_IN, before + _CART

    def read(self, header: bytes) -> dict[str, str]:
        """Return the cookies of a request by name, or none if the header is not valid."""
        try:
            cookies = SimpleCookie(header.decode("latin-1"))
        except CookieError:
            return {}
        return {name: morsel.value for name, morsel in cookies.items()}

    def log_in_of(self, cookies: dict[str, str]) -> str | None:
        """Return the value of the cookie of a log-in."""
        return cookies.get(self._log_in)

    def cart_of(self, cookies: dict[str, str]) -> tuple[UUID, str] | None:
        """Return the id of the cart of a guest, and its token."""
        cart_id, _, token = cookies.get(self._cart, "").partition(".")
        try:
            return (UUID(hex=cart_id), token) if token.isascii() and token else None
        except ValueError:
            return None

    def of_log_in(self, value: str | None) -> Cookie:
        """Return the cookie of a log-in, or one that deletes it."""
        return self._made(self._log_in, value, int(BROWSER_IDLE.total_seconds()))

    def of_cart(self, cart_id: UUID | None, token: str | None) -> Cookie:
        """Return the cookie of the cart of a guest, or one that deletes it."""
        value = None if cart_id is None else f"{cart_id.hex}.{token}"
        return self._made(self._cart, value, _CART_SECONDS)

    def _made(self, name: str, value: str | None, seconds: int) -> Cookie:
        return Cookie(
            name,
            value=value or "",
            path="/",
            max_age=0 if value is None else seconds,
            httponly=True,
            secure=self._is_secure,
            samesite="lax",
        )
