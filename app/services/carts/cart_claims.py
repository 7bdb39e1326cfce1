"""Gives the cart of a guest to a user, for example at a log-in."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from app.core.clock import Clock
from app.core.limits import MAX_LINES
from app.errors import CartNotFound, CartOrdered
from app.models import Cart
from app.repositories.carts.cart_line_repository import CartLineRepository
from app.repositories.carts.cart_repository import CartRepository
from app.schemas.carts.cart_schema import MAX_CODES, CartNotice, CartRead
from app.services.carts.cart_access import Visitor, may_use
from app.services.carts.cart_documents import document_of
from app.services.carts.cart_quotes import CartQuotes
from app.services.system.idempotency_service import IdempotencyService
from app.tables.promotions import code_key

CHOICES = (
    "email",
    "delivery_address",
    "billing_address",
    "shipping_method_id",
    "vat_number",
    "note",
    "locale",
)
"""The choices of a customer besides the goods."""


class CartClaims:
    """Gives the carts of guests to users; a claim is final."""

    def __init__(
        self,
        carts: CartRepository,
        lines: CartLineRepository,
        quotes: CartQuotes,
        clock: Clock,
        replies: IdempotencyService,
        currency: str,
        low_stock_at: int,
    ) -> None:
        self._replies = replies
        self._currency = currency
        self._carts = carts
        self._lines = lines
        self._quotes = quotes
        self._clock = clock
        self._low_stock_at = low_stock_at

    async def claim(self, visitor: Visitor, cart_id: UUID) -> CartRead:
        """Give the cart of a guest to a user, or merge it into the cart that the user has.

        Raises:
            CartNotFound: the cart does not exist, the token is wrong, or another user has the cart.
            CartOrdered: the cart was ordered, and its order stays that of a guest.
        """
        user_id = visitor.caller.own_id
        await self._carts.lock_user(user_id)
        own_id = await self._carts.of_user(user_id)
        await self._carts.lock_in_id_order({cart_id, own_id or cart_id})
        guest = await self._carts.find(cart_id)
        if guest is None or not may_use(guest, visitor):
            raise CartNotFound.of(cart_id)
        if guest.merged_into_id not in (None, own_id):
            raise CartNotFound.of(cart_id)
        if guest.order_id is not None:
            raise CartOrdered("the cart was ordered", order_id=str(guest.order_id))
        if guest.token_digest is not None:
            # The responses may contain data of the user, whose erasure would not find them.
            await self._replies.delete_of_guest(guest.token_digest)
        own = None if own_id is None else await self._carts.find(own_id)
        notices: tuple[CartNotice, ...] = ()
        if own is None:
            own, guest.user_id, guest.token_digest = guest, user_id, None
            own.touch(self._clock.now())
        elif own.id != guest.id and guest.merged_into_id is None:
            notices = tuple(await self._merge(guest, own))
        shown = await self._quotes.of(await self._carts.renewed(own))
        return document_of(shown, self._low_stock_at, notices=notices)

    async def _merge(self, guest: Cart, own: Cart) -> list[CartNotice]:
        """Move the choices of a guest into the cart of a user; return those without room there."""
        # The currency of a guest who has chosen none is the first one.
        if guest.currency not in (own.currency, self._currency):
            await self._lines.forget_seen(own.id)
            own.currency = guest.currency
        for name in CHOICES:
            # The choices of the guest are the newer ones.
            if (chosen := getattr(guest, name)) not in (None, ""):
                setattr(own, name, chosen)
        left_out = [*await self._move_lines(guest, own), *_move_codes(guest, own)]
        guest.merged_into_id = own.id
        now = self._clock.now()
        for cart in (guest, own):
            cart.touch(now)
        return left_out

    async def _move_lines(self, guest: Cart, own: Cart) -> list[CartNotice]:
        there = await self._lines.lines_of(own.id)
        position = max((each.position for each in there.values()), default=0)
        added: list[dict[str, Any]] = []
        left_out: list[CartNotice] = []
        for variant_id, line in (await self._lines.lines_of(guest.id)).items():
            values = {"quantity": line.quantity, "seen_minor": line.seen_minor}
            if variant_id in there:
                quantity = _larger(there[variant_id].quantity, line.quantity)
                if quantity != there[variant_id].quantity:
                    await self._lines.change(own.id, variant_id, values | {"quantity": quantity})
            elif len(there) + len(added) < MAX_LINES:
                position += 1
                its = {"cart_id": own.id, "variant_id": variant_id, "position": position}
                added.append(its | values)
            else:
                left_out.append(_without_room(variant_id, line.quantity))
        await self._lines.add(added)
        await self._lines.clear(guest.id)
        return left_out


def _larger(own: int, other: int) -> int:
    # The larger quantity is kept and not the sum: a customer with carts on two devices wants the
    # goods once.
    return max(own, other)


def _without_room(variant_id: UUID, quantity: int) -> CartNotice:
    return CartNotice(
        code="left-out",
        detail=f"{quantity} units have no room: a cart has at most {MAX_LINES} lines",
        variant_id=variant_id,
    )


def _move_codes(guest: Cart, own: Cart) -> Iterator[CartNotice]:
    keys = set(map(code_key, own.codes))
    for code in guest.codes:
        if code_key(code) in keys:
            continue
        if len(own.codes) >= MAX_CODES:
            yield CartNotice(
                code="left-out",
                detail=f"{code} has no room: a cart has at most {MAX_CODES} codes",
                promotion_code=code,
            )
        else:
            own.codes = [*own.codes, code]
            keys.add(code_key(code))
