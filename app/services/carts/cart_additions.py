"""Adds units to the cart of a visitor of pages, once for each form."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct

from app.schemas.carts.cart_schema import CartCreate
from app.schemas.carts.line_schema import LineCreate
from app.services.carts.cart_access import Visitor
from app.services.carts.cart_service import CartService
from app.services.system.idempotency_service import Answer, IdempotencyService, KeyClaim

_DONE = 200


class Addition(Struct, frozen=True):
    """The cart with the added units."""

    cart_id: UUID
    token: str | None
    """The token of a guest's cart, if the addition opened the cart."""


class CartAdditions:
    """Adds units to carts, and opens missing carts.

    The token of a cart that a form opens comes from the key of the form: a guest who sends it twice
    before the first response arrives gets the same cart.
    """

    def __init__(
        self, carts: CartService, replies: IdempotencyService, secrets: Sequence[bytes]
    ) -> None:
        self._carts = carts
        self._replies = replies
        self._secrets = secrets

    async def add(
        self, visitor: Visitor, guest_cart_id: UUID | None, data: LineCreate, claim: KeyClaim | None
    ) -> Addition:
        """Add units to the cart of a visitor, unless the same form has done it.

        Raises:
            IdempotencyKeyReused: the form was sent with other fields before.
            ProductNotFound, VariantNotFound, VariantRequired, ProductNotForSale,
            NotSoldInCurrency, CartFull, InvalidInput: nothing is changed.
        """
        if claim is None:
            return await self._added(visitor, guest_cart_id, data, None)
        first = await self._replies.begin_patiently(claim)
        if first is not None:
            return await self._again(visitor, UUID(bytes=first.body), claim.key)
        added = await self._added(visitor, guest_cart_id, data, _token(self._secrets[0], claim.key))
        await self._replies.finish(claim, Answer(_DONE, {}, added.cart_id.bytes))
        return added

    async def _added(
        self, visitor: Visitor, guest_cart_id: UUID | None, data: LineCreate, token: str | None
    ) -> Addition:
        its = None
        cart_id = await self._carts.current(visitor, guest_cart_id)
        if cart_id is None:
            opened = await self._carts.open(visitor, CartCreate(), token)
            cart_id, its = opened.cart.id, opened.token
            if its is not None:
                visitor = Visitor(visitor.caller, its)
        await self._carts.add_units(visitor, cart_id, data)
        return Addition(cart_id, its)

    async def _again(self, visitor: Visitor, cart_id: UUID, key: str) -> Addition:
        for secret in self._secrets:
            token = _token(secret, key)
            if await self._carts.current(Visitor(visitor.caller, token), cart_id) == cart_id:
                is_guest = visitor.caller.user_id is None
                return Addition(cart_id, token if is_guest else None)
        return Addition(cart_id, None)


def _token(secret: bytes, key: str) -> str:
    digest = hmac.digest(secret, f"cart of the form {key}".encode(), "sha256")
    return urlsafe_b64encode(digest).decode().rstrip("=")
