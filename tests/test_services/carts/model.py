"""Random changes of the carts of a guest and a user, compared with a simple model of both."""

import random
from dataclasses import dataclass, field
from uuid import UUID

from app.core.limits import MAX_LINE_QUANTITY
from app.errors import CartClaimed, CartFull, CartNotFound, InvalidInput
from app.schemas.carts.cart_schema import CartChange, CartCreate, CartRead
from app.schemas.carts.line_schema import LineCreate
from app.security.principal import ANONYMOUS, Caller
from app.services.carts.cart_access import Visitor
from app.wiring.areas.carts import provide_cart_claims, provide_carts
from app.wiring.resources import Shop

MOST_LINES = 4
_STEPS = 12


@dataclass
class Model:
    """The expected content of a cart."""

    lines: dict[UUID, int] = field(default_factory=dict)
    note: str = ""

    def add(self, variant_id: UUID, quantity: int) -> bool:
        """Add units; return whether they fit."""
        return self.put(variant_id, self.lines.get(variant_id, 0) + quantity)

    def put(self, variant_id: UUID, quantity: int) -> bool:
        """Set the units of a line; return whether they fit."""
        has_line = variant_id in self.lines or len(self.lines) < MOST_LINES
        if quantity > MAX_LINE_QUANTITY or not has_line:
            return False
        self.lines[variant_id] = quantity
        return True

    def merge(self, guest: "Model") -> None:
        """Merge the cart of a guest."""
        for variant_id, quantity in guest.lines.items():
            if variant_id in self.lines or len(self.lines) < MOST_LINES:
                self.lines[variant_id] = max(quantity, self.lines.get(variant_id, 0))
        self.note = guest.note or self.note


@dataclass
class Sequence:
    """One random sequence: two carts, their models, and whether the claim has happened."""

    shop: Shop
    chance: random.Random
    variants: list[UUID]
    user: Visitor
    guest: Visitor = Visitor(ANONYMOUS)
    own_id: UUID | None = None
    guest_id: UUID | None = None
    own: Model = field(default_factory=Model)
    guests: Model = field(default_factory=Model)
    is_claimed: bool = False

    async def run(self) -> None:
        """Change both carts at random, and compare each response with the model."""
        await self._open()
        for _ in range(_STEPS):
            if self.chance.random() < 0.15:
                await self._claim()
            else:
                await self._change(self.chance.random() < 0.5)
        await self._claim()
        await self._compare()

    async def _open(self) -> None:
        async with self.shop.database.write() as session:
            carts = provide_carts(session, self.shop)
            opened = await carts.open(self.guest, CartCreate())
            self.guest_id, self.guest = opened.cart.id, Visitor(ANONYMOUS, opened.token)
            if self.chance.random() < 0.7:
                self.own_id = (await carts.open(self.user, CartCreate())).cart.id

    async def _change(self, is_guest: bool) -> None:
        visitor, cart_id = (self.guest, self.guest_id) if is_guest else (self.user, self.own_id)
        if cart_id is None:
            return
        model = self.guests if is_guest else self.own
        is_gone = is_guest and self.is_claimed
        variant_id = self.chance.choice(self.variants)
        quantity = self.chance.choice((1, 2, 3, 400, 700))
        kind = self.chance.choice(("add", "put", "remove", "note"))
        has_room = True
        if not is_gone and kind == "add":
            has_room = model.add(variant_id, quantity)
        elif not is_gone and kind == "put":
            has_room = model.put(variant_id, quantity)
        elif not is_gone and kind == "remove":
            model.lines.pop(variant_id, None)
        elif not is_gone:
            model.note = f"note {quantity}"
        try:
            shown = await self._send(visitor, cart_id, kind, variant_id, quantity)
        except (CartFull, InvalidInput):
            assert not has_room
        except (CartClaimed, CartNotFound):
            assert is_gone
        else:
            assert has_room and not is_gone
            if shown is not None:
                assert_same(shown, model)

    async def _send(
        self, visitor: Visitor, cart_id: UUID, kind: str, variant_id: UUID, quantity: int
    ) -> CartRead | None:
        async with self.shop.database.write() as session:
            carts = provide_carts(session, self.shop)
            if kind == "add":
                line = LineCreate(variant_id=variant_id, quantity=quantity)
                return await carts.add_units(visitor, cart_id, line)
            if kind == "put":
                return await carts.set_units(visitor, cart_id, variant_id, quantity)
            if kind == "note":
                return await carts.change(visitor, cart_id, CartChange(note=f"note {quantity}"))
            await carts.remove_line(visitor, cart_id, variant_id)
            return None

    async def _claim(self) -> None:
        both = Visitor(self.user.caller, self.guest.token)
        assert self.guest_id is not None
        async with self.shop.database.write() as session:
            shown = await provide_cart_claims(session, self.shop).claim(both, self.guest_id)
        if not self.is_claimed:
            self.own.merge(self.guests)
        self.is_claimed = True
        self.own_id = self.own_id or self.guest_id
        assert shown.id == self.own_id
        assert_same(shown, self.own)

    async def _compare(self) -> None:
        assert self.own_id is not None
        async with self.shop.database.read() as session:
            carts = provide_carts(session, self.shop)
            assert_same(await carts.show(self.user, self.own_id), self.own)


def assert_same(shown: CartRead, model: Model) -> None:
    """Assert that a cart equals its model."""
    found = {line.sold_id: line.quantity for line in shown.lines}
    assert found == model.lines, f"{found} instead of {model.lines}"
    assert shown.note == model.note, f"{shown.note} instead of {model.note}"


async def run_sequence(shop: Shop, seed: int, variants: list[UUID], user_id: UUID) -> None:
    """Run the random sequence of a seed for a user without a cart."""
    visitor = Visitor(Caller(f"user {user_id}", user_id))
    await Sequence(shop, random.Random(seed), variants, visitor).run()
