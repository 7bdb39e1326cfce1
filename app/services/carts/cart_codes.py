"""The codes that customers enter into their carts."""

from uuid import UUID

from app.core.clock import Clock
from app.errors import CartFull, CodeUnknown
from app.models import Cart
from app.repositories.carts.cart_repository import CartRepository
from app.schemas.carts.cart_schema import MAX_CODES, CartRead
from app.security.rate_limits import RateLimits
from app.services.carts.cart_access import Visitor, opened_to_change
from app.services.carts.cart_documents import document_of
from app.services.carts.cart_quotes import CartQuotes
from app.services.preconditions import require_match
from app.tables.promotions import code_key


class CartCodes:
    """Enters codes into carts, and removes them."""

    def __init__(
        self,
        carts: CartRepository,
        quotes: CartQuotes,
        limits: RateLimits,
        limit: int,
        clock: Clock,
        low_stock_at: int,
    ) -> None:
        self._carts = carts
        self._quotes = quotes
        self._limits = limits
        self._limit = limit
        self._clock = clock
        self._low_stock_at = low_stock_at

    async def enter(
        self, visitor: Visitor, cart_id: UUID, code: str, if_match: str | None = None
    ) -> CartRead:
        """Enter a code; a notice of the cart says if the code does not apply.

        Raises:
            CartNotFound, CartClaimed, CartOrdered, PreconditionFailed: nothing is changed.
            CodeUnknown: no coupon has the code.
            CartFull: the cart has the maximum number of codes.
            TooManyRequests: there were too many tries within a minute from the address or in the
                cart.
        """
        await self._count(f"address {visitor.caller.network}")
        cart = await self._to_change(visitor, cart_id, if_match)
        # Only tries of visitors who may use the cart count: others must not use them up.
        await self._count(f"cart {cart_id}")
        if code_key(code) not in map(code_key, cart.codes):
            if len(cart.codes) >= MAX_CODES:
                raise CartFull(f"a cart has at most {MAX_CODES} codes", max_codes=MAX_CODES)
            cart.codes = [*cart.codes, code]
            cart.touch(self._clock.now())
        shown = await self._quotes.of(cart)
        if code_key(code) in map(code_key, shown.terms.unknown_codes):
            raise CodeUnknown(f"no coupon has the code {code}", promotion_code=code)
        await self._carts.flush()
        return document_of(shown, self._low_stock_at)

    async def _to_change(self, visitor: Visitor, cart_id: UUID, if_match: str | None) -> Cart:
        cart = await opened_to_change(self._carts, visitor, cart_id)
        if if_match is not None:
            shown = document_of(await self._quotes.of(cart), self._low_stock_at)
            require_match(if_match, shown)
        return cart

    async def _count(self, subject: str) -> None:
        status = await self._limits.hit(f"codes:{subject}", self._limit)
        status.require("too many codes, try again later")

    async def remove(
        self, visitor: Visitor, cart_id: UUID, code: str, if_match: str | None = None
    ) -> None:
        """Remove a code from a cart; a repetition changes nothing.

        Raises:
            CartNotFound, CartClaimed, CartOrdered, PreconditionFailed: nothing is changed.
        """
        cart = await self._to_change(visitor, cart_id, if_match)
        key = code_key(code)
        cart.codes = [each for each in cart.codes if code_key(each) != key]
        cart.touch(self._clock.now())
        await self._carts.flush()
