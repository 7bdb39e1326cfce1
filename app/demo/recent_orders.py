"""The orders of the last four weeks in the demo shop, and one order in each state."""

import csv
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from app.core.money import format_minor
from app.core.order_statuses import ReturnReason
from app.database.sessions import AsyncSession
from app.schemas.identity.user_schema import UserQuery
from app.schemas.orders.order_schema import OrderCreate, OrderRead
from app.schemas.orders.return_schema import ReturnCreate
from app.schemas.orders.shipment_schema import ShipmentCreate
from app.schemas.payments.bank_schema import Decision
from app.schemas.payments.payment_schema import PaymentCreate, PaymentRecord, RefundCreate
from app.security.principal import SYSTEM
from app.services.orders.placement import Asked
from app.wiring.areas.data import provide_imports
from app.wiring.areas.identity import provide_users
from app.wiring.areas.orders import (
    payment_calls,
    provide_order_moves,
    provide_order_payments,
    provide_orders,
    provide_returns,
    provide_shipments,
)
from app.wiring.areas.payments import bank_of
from app.wiring.resources import Shop

_FILE = Path(__file__).parent / "orders.csv"
_WEEKS = timedelta(weeks=4)
_TEST_BANK = "test"

# The units of each line of the placed orders.
_UNITS = (2, 1, 3)
_STATES = 11
_ADDRESSES = (
    ("Grace Hopper", "47 Main Street", "Cincinnati", "45202"),
    ("Mary Jackson", "8 Elm Avenue", "Columbus", "43215"),
    ("Annie Easley", "210 Lake Road", "Cleveland", "44114"),
)
_ENOUGH_SUPPLY = 60


async def add_recent_orders(shop: Shop, product_ids: Mapping[str, UUID], method_id: UUID) -> None:
    """Add the orders of the last weeks of the extract, moved to now, and an order in each state."""
    async with shop.database.write() as session:
        await provide_imports(session, shop).add_orders(list(enumerate(_rows(shop), 1)))
    async with shop.database.write() as session:
        orders = await _place(session, shop, product_ids, method_id)
        if orders:
            await _States(session, shop).bring(orders)
    if orders and _TEST_BANK in shop.settings.payment_providers:
        await _pay_at_bank(shop, orders[-1].id)


def _rows(shop: Shop) -> list[dict[str, Any]]:
    """Return the rows of the last weeks of the extract, moved so that they end now."""
    with _FILE.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    last = max(datetime.fromisoformat(row["placed_at"]) for row in rows)
    days = timedelta(days=(shop.clock.now() - last).days)
    return [
        row
        | {
            "reference": f"recent {row['reference']}",
            "placed_at": (datetime.fromisoformat(row["placed_at"]) + days).isoformat(),
        }
        for row in rows
        if datetime.fromisoformat(row["placed_at"]) > last - _WEEKS
    ]


async def _place(
    session: AsyncSession, shop: Shop, product_ids: Mapping[str, UUID], method_id: UUID
) -> list[OrderRead]:
    """Place the orders that are to have a state; return none if the shop refuses one.

    The shop may be set to charge a tax for which it has no rates yet.
    """
    users = (await provide_users(session, shop).find(UserQuery(limit=_STATES))).items
    skus = sorted(product_ids, key=_supply_of, reverse=True)
    asked = []
    for place, user in enumerate(users):
        order = OrderCreate.model_validate(
            {
                "user_id": user.id,
                "items": [
                    {"variant_id": product_ids[skus[(place + step) % _ENOUGH_SUPPLY]]}
                    | {"quantity": units}
                    for step, units in enumerate(_UNITS[: 1 + place % len(_UNITS)])
                ],
                "shipping_method_id": method_id,
                "delivery_address": _address(place),
            }
        )
        asked.append(Asked(SYSTEM, order))
    outcomes = await provide_orders(session, shop).place_many(asked)
    placed = [each for each in outcomes if isinstance(each, OrderRead)]
    return placed if len(placed) == _STATES else []


def _address(place: int) -> dict[str, str]:
    recipient, street, city, postal_code = _ADDRESSES[place % len(_ADDRESSES)]
    return {
        "recipient": recipient,
        "street": street,
        "city": city,
        "region": "OH",
        "postal_code": postal_code,
        "country": "US",
    }


def _supply_of(sku: str) -> int:
    # The supply of the extract beyond its orders: see its README.
    return int(sku) % 101


class _States:
    """Brings placed orders to their states, by the actions of staff and customers."""

    def __init__(self, session: AsyncSession, shop: Shop) -> None:
        self._payments = provide_order_payments(session, shop)
        self._moves = provide_order_moves(session, shop)
        self._shipments = provide_shipments(session, shop)
        self._returns = provide_returns(session, shop)
        self._today = shop.days.day_of(shop.clock.now())

    async def bring(self, orders: Sequence[OrderRead]) -> None:
        """Bring each order to its state; the first and the last wait for their payment."""
        _, cancelled, too_much, refunded, *paid = orders[:-1]
        await self._moves.cancel(SYSTEM, cancelled.id)
        await self._receive(too_much, 500)
        await self._give_back(await self._receive(refunded))
        for each in paid:
            await self._receive(each)
        _, part_packed, packed, shipped, delivered, returned = paid
        await self._pack(part_packed, units=1)
        await self._pack(packed)
        for each in (shipped, delivered, returned):
            parcel = await self._pack(each, tracking_number=f"1Z{each.number:09d}")
            await self._shipments.ship(SYSTEM, parcel)
            if each is not shipped:
                await self._shipments.deliver(SYSTEM, parcel)
        line = {"variant_id": returned.items[0].sold_id, "quantity": 1}
        asked = {"lines": [line], "reason": ReturnReason.DAMAGED, "customer_note": "It leaks."}
        await self._returns.request(SYSTEM, returned.id, ReturnCreate.model_validate(asked))

    async def _receive(self, order: OrderRead, beyond_minor: int = 0) -> UUID:
        minor = order.total_minor + beyond_minor
        amount = format_minor(minor, order.currency)
        data = {"amount": amount, "received_on": self._today, "note": "Transfer."}
        record = PaymentRecord.model_validate(data)
        return (await self._payments.record(SYSTEM.name, order.id, record)).id

    async def _give_back(self, payment_id: UUID) -> None:
        data = RefundCreate.model_validate({"amount": "1.00", "reason": "A price was wrong."})
        refund = await self._payments.refund(SYSTEM.name, payment_id, data, None)
        await self._payments.record_refund(SYSTEM.name, refund.id)

    async def _pack(
        self, order: OrderRead, units: int | None = None, tracking_number: str | None = None
    ) -> UUID:
        lines = [{"variant_id": order.items[0].sold_id, "quantity": units}] if units else None
        data = {"lines": lines, "tracking_number": tracking_number}
        parcel = await self._shipments.pack(SYSTEM, order.id, ShipmentCreate.model_validate(data))
        return parcel.id


async def _pay_at_bank(shop: Shop, order_id: UUID) -> None:
    """Pay an order at the bank for tests, as its customer does."""
    calls = payment_calls(shop)
    payment = await calls.pay(None, order_id, PaymentCreate(provider=_TEST_BANK), None)
    await calls.decide_at(bank_of(shop), payment.reference or "", Decision.APPROVE)
    await calls.look(payment.id)
