"""Builds the service of orders."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.order_statuses import OrderStatus
from app.repositories.carts.cart_line_repository import CartLineRepository
from app.repositories.carts.cart_repository import CartRepository
from app.repositories.carts.ordered_cart_repository import OrderedCartRepository
from app.repositories.catalogue.product_repository import ProductRepository
from app.repositories.catalogue.stock_repository import StockRepository
from app.repositories.identity.user_repository import UserRepository
from app.repositories.orders.draft_repository import DraftRepository
from app.repositories.orders.guest_order_repository import GuestOrderRepository
from app.repositories.orders.order_part_repository import OrderPartRepository
from app.repositories.orders.order_repository import OrderRepository
from app.repositories.orders.return_repository import ReturnRepository
from app.repositories.orders.shipment_repository import ShipmentRepository
from app.repositories.payments.payment_repository import PaymentRepository, RefundRepository
from app.repositories.promotions.redemption_repository import RedemptionRepository
from app.services.orders.carts.cart_orders import CartOrders
from app.services.orders.checkouts import Checkouts
from app.services.orders.customers import Customers
from app.services.orders.drafts.draft_orders import DraftOrders
from app.services.orders.drafts.draft_quotes import DraftQuotes
from app.services.orders.drafts.draft_service import DraftService
from app.services.orders.drafts.drafts_privacy import DraftsPrivacy
from app.services.orders.fulfilment.order_overviews import OrderOverviews
from app.services.orders.fulfilment.packing_slips import PackingSlips
from app.services.orders.fulfilment.parcels import Parcels
from app.services.orders.fulfilment.return_service import ReturnService
from app.services.orders.fulfilment.shipment_service import ShipmentService
from app.services.orders.order_batches import BatchWork, OrderBatches
from app.services.orders.order_moves import OrderMoves
from app.services.orders.order_service import OrderService
from app.services.orders.orders_privacy import OrdersPrivacy
from app.services.orders.payment_terms import PaymentTerms
from app.services.orders.payments.order_money import MANUAL, OrderMoney
from app.services.orders.payments.order_parts import OrderParts
from app.services.orders.payments.order_payments import OrderPayments
from app.services.orders.payments.payment_attention import PaymentAttention
from app.services.orders.payments.payment_books import PaymentBooks
from app.services.orders.payments.payment_calls import PaymentCalls
from app.services.orders.payments.payment_news import PaymentNews
from app.services.orders.payments.unknown_payments import UnknownPayments
from app.settings import Settings
from app.wiring.areas.carts import provide_personal_data as provide_carts_privacy
from app.wiring.areas.carts import provide_quotes
from app.wiring.areas.messaging import provide_outbox
from app.wiring.areas.payments import provider_of
from app.wiring.areas.promotions import provide_promotions
from app.wiring.areas.shipping import provide_shipping
from app.wiring.areas.system import (
    provide_audit,
    provide_errands,
    provide_idempotency,
    provide_mails,
)
from app.wiring.areas.taxes import provide_taxes
from app.wiring.resources import Shop


def provide_orders(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> OrderService:
    """Return the service of orders."""
    return OrderService(
        OrderRepository(session),
        ProductRepository(session),
        StockRepository(session),
        UserRepository(session),
        provide_outbox(session, shop),
        shop.clock,
        shop.settings.shop_currency,
        shop.cache,
        provide_taxes(session, shop),
        provide_shipping(session, shop),
        provide_checkouts(session, shop),
    )


def provide_order_moves(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> OrderMoves:
    """Return the service that changes the status of orders."""
    return OrderMoves(
        OrderRepository(session),
        StockRepository(session),
        provide_customers(session, shop),
        provide_outbox(session, shop),
        shop.clock,
        provide_checkouts(session, shop),
        provide_order_money(session, shop),
        provide_parcels(session, shop),
    )


def provide_order_parts(session: AsyncSession) -> OrderParts:
    """Return the service that checks which parts belong to an order."""
    return OrderParts(OrderPartRepository(session))


def provide_parcels(session: AsyncSession, shop: Shop) -> Parcels:
    """Return the service that changes the shipments of locked orders."""
    return Parcels(
        ShipmentRepository(session),
        ReturnRepository(session),
        provide_outbox(session, shop),
        provide_mails(session, shop),
        shop.settings.carriers,
    )


def provide_shipments(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> ShipmentService:
    """Return the service of shipments."""
    return ShipmentService(
        OrderRepository(session),
        ShipmentRepository(session),
        provide_parcels(session, shop),
        provide_order_moves(session, shop),
        provide_checkouts(session, shop),
        shop.clock,
    )


def provide_packing_slips(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> PackingSlips:
    """Return the service that reads the packing slips of shipments."""
    settings = shop.settings
    return PackingSlips(
        ShipmentRepository(session), shop.days, settings.shop_name, settings.shop_address
    )


def _payment_news(session: AsyncSession, shop: Shop) -> PaymentNews:
    return PaymentNews(provide_outbox(session, shop), provide_mails(session, shop))


def provide_order_money(session: AsyncSession, shop: Shop) -> OrderMoney:
    """Return the service that keeps the sums of orders."""
    return OrderMoney(
        PaymentRepository(session),
        RefundRepository(session),
        provide_errands(session, shop),
        _payment_news(session, shop),
        shop.clock,
        shop.settings.captures_payments,
        OrderStatus(shop.settings.invoice_on),
    )


def provide_order_payments(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> OrderPayments:
    """Return the payments of orders in a transaction."""
    return OrderPayments(
        OrderRepository(session),
        PaymentRepository(session),
        RefundRepository(session),
        provide_order_money(session, shop),
        provide_order_moves(session, shop),
        provide_checkouts(session, shop),
        provide_errands(session, shop),
        _payment_news(session, shop),
        shop.clock,
        shop.settings.payment_providers,
        timedelta(minutes=shop.settings.payment_minutes),
    )


def provide_payment_books(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> PaymentBooks:
    """Return the service that reads payments."""
    return PaymentBooks(
        OrderRepository(session),
        PaymentRepository(session),
        RefundRepository(session),
        shop.clock,
        shop.settings.captures_payments,
    )


def provide_order_overviews(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> OrderOverviews:
    """Return the service that reads orders for their customers."""
    return OrderOverviews(
        OrderRepository(session),
        ReturnRepository(session),
        provide_payment_books(session, shop),
        provide_checkouts(session, shop),
    )


def provide_payment_attention(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> PaymentAttention:
    """Return the service that records that a person has looked at a payment."""
    return PaymentAttention(PaymentRepository(session), provide_audit(session, shop), shop.clock)


def provide_unknown_payments(session: AsyncSession, shop: Shop) -> UnknownPayments:
    """Return the service that records the payments that only their providers have."""
    return UnknownPayments(
        provide_audit(session, shop), provide_errands(session, shop), shop.days, shop.clock
    )


def payment_calls(shop: NamedDependency[Shop]) -> PaymentCalls:
    """Return the service that calls the providers of payments."""

    @asynccontextmanager
    async def begin() -> AsyncIterator[OrderPayments]:
        async with shop.database.write() as session:
            yield provide_order_payments(session, shop)

    @asynccontextmanager
    async def read() -> AsyncIterator[PaymentBooks]:
        async with shop.database.read() as session:
            yield provide_payment_books(session, shop)

    return PaymentCalls(begin, read, lambda code: provider_of(shop, code))


def provide_returns(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> ReturnService:
    """Return the service of returns."""
    return ReturnService(
        OrderRepository(session),
        ShipmentRepository(session),
        ReturnRepository(session),
        StockRepository(session),
        provide_outbox(session, shop),
        provide_mails(session, shop),
        provide_checkouts(session, shop),
        shop.clock,
        timedelta(days=shop.settings.return_days),
    )


def provide_checkouts(session: AsyncSession, shop: Shop) -> Checkouts:
    """Return the service of carts and drafts in the placement of orders."""
    settings = shop.settings
    terms = PaymentTerms(settings.shop_currency, _holds(settings), settings.payment_instructions)
    carts = CartRepository(session)
    return Checkouts(
        carts,
        OrderRepository(session),
        provide_quotes(session, shop),
        provide_promotions(session, shop),
        provide_errands(session, shop),
        provide_mails(session, shop),
        shop.clock,
        terms,
        CartOrders(
            carts,
            OrderedCartRepository(session),
            CartLineRepository(session),
            OrderRepository(session),
            provide_shipping(session, shop),
            shop.clock,
            terms,
        ),
        DraftOrders(DraftRepository(session), UserRepository(session), shop.clock, terms),
    )


def provide_drafts(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> DraftService:
    """Return the service of drafts of orders."""
    return DraftService(
        DraftRepository(session),
        CartLineRepository(session),
        UserRepository(session),
        provide_shipping(session, shop),
        _draft_quotes(session, shop),
        shop.clock,
        shop.settings.shop_currency,
    )


def _draft_quotes(session: AsyncSession, shop: Shop) -> DraftQuotes:
    return DraftQuotes(
        CartLineRepository(session),
        provide_quotes(session, shop),
        shop.clock,
        shop.settings.low_stock_at,
    )


def _holds(settings: Settings) -> dict[str, timedelta]:
    by_provider = timedelta(minutes=settings.payment_minutes)
    by_hand = timedelta(hours=settings.manual_payment_hours)
    return {code: by_hand if code == MANUAL else by_provider for code in settings.payment_providers}


def provide_customers(session: AsyncSession, shop: Shop) -> Customers:
    """Return the service that clears the customers of finished orders."""
    return Customers(
        UserRepository(session),
        CartRepository(session),
        provide_carts_privacy(session, shop),
        RedemptionRepository(session),
        PaymentRepository(session),
        provide_parcels(session, shop),
    )


def provide_personal_data(session: AsyncSession, shop: Shop) -> OrdersPrivacy:
    """Return the personal data in orders."""
    return OrdersPrivacy(
        OrderRepository(session),
        GuestOrderRepository(session),
        provide_customers(session, shop),
        PaymentRepository(session),
        RefundRepository(session),
        ShipmentRepository(session),
        ReturnRepository(session),
        shop.clock,
    )


def provide_personal_data_in_drafts(session: AsyncSession, _shop: Shop) -> DraftsPrivacy:
    """Return the personal data in drafts of orders."""
    return DraftsPrivacy(DraftRepository(session))


def order_batches(shop: Shop) -> OrderBatches:
    """Return the service that places the orders of a process together."""

    @asynccontextmanager
    async def begin(is_hasty: bool) -> AsyncIterator[BatchWork]:
        async with shop.database.write(is_hasty=is_hasty) as session:
            yield BatchWork(provide_orders(session, shop), provide_idempotency(session, shop))

    return OrderBatches(begin)


def provide_batches(state: State) -> OrderBatches:
    """Return the service that places the orders of this process together."""
    batches: OrderBatches = state.order_batches
    return batches


Batches = NamedDependency[OrderBatches]
Orders = NamedDependency[OrderService]
Moves = NamedDependency[OrderMoves]
Payments = NamedDependency[OrderPayments]
Books = NamedDependency[PaymentBooks]
Calls = NamedDependency[PaymentCalls]
Overviews = NamedDependency[OrderOverviews]
Reviews = NamedDependency[PaymentAttention]
Drafts = NamedDependency[DraftService]
Shipments = NamedDependency[ShipmentService]
Returns = NamedDependency[ReturnService]
Slips = NamedDependency[PackingSlips]

DEPENDENCIES = {
    "orders": Provide(provide_orders, sync_to_thread=False),
    "order_moves": Provide(provide_order_moves, sync_to_thread=False),
    "payments": Provide(provide_order_payments, sync_to_thread=False),
    "payment_books": Provide(provide_payment_books, sync_to_thread=False),
    "order_overviews": Provide(provide_order_overviews, sync_to_thread=False),
    "payment_attention": Provide(provide_payment_attention, sync_to_thread=False),
    "payment_calls": Provide(payment_calls, sync_to_thread=False),
    "order_drafts": Provide(provide_drafts, sync_to_thread=False),
    "shipments": Provide(provide_shipments, sync_to_thread=False),
    "packing_slips": Provide(provide_packing_slips, sync_to_thread=False),
    "returns": Provide(provide_returns, sync_to_thread=False),
    "order_batches": Provide(provide_batches, sync_to_thread=False),
}
