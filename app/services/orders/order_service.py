"""Orders: their placement and their transitions."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from app.cache.areas.orders import ORDERS
from app.cache.cache import Cache, Found
from app.cache.representation import Representation
from app.core.clock import Clock
from app.errors import DomainError, VariantRequired
from app.repositories.catalogue.product_repository import ProductRepository
from app.repositories.catalogue.stock_repository import StockRepository
from app.repositories.identity.user_repository import Buyer, UserRepository
from app.repositories.orders.order_repository import OrderRepository
from app.schemas.messaging.event_schema import DomainEvent
from app.schemas.orders.order_events import OrderPlacedEvent
from app.schemas.orders.order_schema import (
    OrderCreate,
    OrderPage,
    OrderQuery,
    OrderRead,
    OrderSummary,
)
from app.security.principal import Caller
from app.services.carts.cart_access import Visitor
from app.services.carts.cart_quotes import place_of
from app.services.catalogue.listing import variant_required
from app.services.catalogue.stock_events import stock_events
from app.services.messaging.outbox_service import OutboxService
from app.services.orders.carts.cart_offers import CartOffers
from app.services.orders.checkouts import Checkouts, Resolved
from app.services.orders.drafts.asked_draft import OrderedDraft
from app.services.orders.order_documents import placed_document
from app.services.orders.placement import (
    AnyAsked,
    Asked,
    OrderedCart,
    OrderPlacement,
    delivery_of,
    sales_in,
    taxed_place,
)
from app.services.shipping.shipping_service import ShippingService
from app.services.taxes.tax_service import TaxService
from app.tables.orders import NewOrder

Headers = Mapping[str, str] | None


class _Evaluation:
    """The orders of a transaction, evaluated one after the other."""

    def __init__(self, placement: OrderPlacement, offers: CartOffers | None) -> None:
        self.orders: list[NewOrder] = []
        self.sources: dict[UUID, OrderedCart | OrderedDraft] = {}
        """The carts and drafts of orders, by the ids of the orders."""
        self._placement = placement
        self._offers = offers
        self._of_source: dict[UUID, NewOrder] = {}

    def add(self, asked: Asked) -> NewOrder | DomainError:
        """Return an order, or why it is refused; a cart or a draft has one order."""
        if asked.source is not None and asked.source.id in self._of_source:
            # Another request of the same batch has ordered it.
            return self._of_source[asked.source.id]
        if self._offers is not None:
            asked = self._offers.added_to(asked)
        order = self._placement.evaluate(asked)
        if isinstance(order, DomainError):
            return order
        self.orders.append(order)
        if asked.source is not None:
            self.sources[order.id] = asked.source
            self._of_source[asked.source.id] = order
        if self._offers is not None:
            self._offers.note(asked, order)
        return order


class OrderService:
    """Places, returns and changes orders; the stock changes in the same transaction."""

    def __init__(
        self,
        orders: OrderRepository,
        products: ProductRepository,
        stock: StockRepository,
        users: UserRepository,
        outbox: OutboxService,
        clock: Clock,
        currency: str,
        cache: Cache,
        taxes: TaxService,
        shipping: ShippingService,
        checkouts: Checkouts,
    ) -> None:
        self._orders = orders
        self._products = products
        self._stock = stock
        self._users = users
        self._outbox = outbox
        self._clock = clock
        self._currency = currency
        self._cache = cache
        self._taxes = taxes
        self._shipping = shipping
        self._checkouts = checkouts

    async def place(
        self, caller: Caller, data: OrderCreate, order_id: UUID | None = None
    ) -> OrderRead:
        """Place an order and take its units out of stock, completely or not at all.

        Raises:
            InvalidInput: the caller may not order for others, or names no buyer.
            OrderExists: an order with the chosen id exists.
            UserNotFound, UserNotActive: the buyer cannot order.
            ProductNotFound, VariantNotFound, VariantRequired, ProductNotForSale,
                InsufficientStock: a line cannot be ordered.
            NotSoldToCountry, TaxUnavailable: there are no rates of tax for the delivery.
            ShippingMethodNotFound, ShippingMethodUnfit: the method does not fit the order.
        """
        (outcome,) = await self.place_many([Asked(caller, data, order_id)])
        if isinstance(outcome, DomainError):
            raise outcome
        return outcome

    async def place_many(self, orders: Sequence[AnyAsked]) -> list[OrderRead | DomainError]:
        """Place many orders, each completely or not at all; return each order or its refusal.

        They are placed in this order: the stock that one takes is not available to the next. A cart
        or a draft that was ordered before returns its existing order.
        """
        buyers = await self._users.get_buyers(await self._all_buyers_of(orders))
        resolved = await self._checkouts.resolve(orders, buyers)
        asked = [each for each in resolved if isinstance(each, Asked)]
        placement = await self._load_placement(asked, buyers)
        outcomes = await self._place_all(resolved, placement)
        await self._announce(
            [
                (outcome, each.headers)
                for each, outcome in zip(orders, outcomes, strict=True)
                if isinstance(outcome, OrderRead) and outcome.id in placement.placed
            ],
            placement,
        )
        return outcomes

    async def _all_buyers_of(self, orders: Sequence[AnyAsked]) -> set[UUID]:
        return _buyers_of(orders) | await self._checkouts.users_of_drafts(orders)

    async def _place_all(
        self, resolved: Sequence[Resolved], placement: OrderPlacement
    ) -> list[OrderRead | DomainError]:
        asked = [each for each in resolved if isinstance(each, Asked)]
        offers = await self._checkouts.lock_offers(asked, placement)
        evaluation = _Evaluation(placement, offers)
        evaluated = [evaluation.add(each) if isinstance(each, Asked) else each for each in resolved]
        if orders := evaluation.orders:
            for order, number in zip(orders, await self._orders.add_placed(orders), strict=True):
                placement.note(order, placed_document(order, number))
        await self._checkouts.record(
            [
                (its, order, placement.placed[order.id])
                for order in orders
                if (its := evaluation.sources.get(order.id)) is not None
            ]
        )
        # The stock moves at once for all orders: lists are compared with the stock before all of
        # them.
        await self._stock.move_stock(
            sales_in(placement.placed_orders), placement.now, placement.variants
        )
        return [
            placement.placed[each.id] if isinstance(each, NewOrder) else each for each in evaluated
        ]

    async def refusal_of(self, asked: AnyAsked) -> DomainError | None:
        """Return why an order would be refused now, without placing it."""
        buyers = await self._users.get_buyers(_buyers_of([asked]))
        if not isinstance(asked, Asked):
            (resolved,) = await self._checkouts.resolve([asked], buyers)
            return resolved if isinstance(resolved, DomainError) else None
        evaluated = (await self._load_placement([asked], buyers)).evaluate(asked)
        return evaluated if isinstance(evaluated, DomainError) else None

    async def lock_for_placing(self, orders: Sequence[Asked]) -> None:
        """Lock the rows for orders that one transaction places one after the other."""
        await self._users.get_buyers(_buyers_of(orders))
        await self._stock.lock_in_id_order(_wanted_in(orders))

    async def locked_by_others(self, orders: Sequence[AnyAsked]) -> set[UUID]:
        """Return the buyers, variants and carts that other transactions have locked."""
        buyers, variants = await self._all_buyers_of(orders), _wanted_in(orders)
        free = await self._users.free_among(buyers, is_shared=True)
        free |= await self._stock.free_among(variants)
        there = await self._users.existing(buyers) | await self._stock.existing(variants)
        return (there - free) | await self._checkouts.locked_by_others(orders)

    async def _load_placement(
        self, orders: Sequence[Asked], buyers: Mapping[UUID, Buyer]
    ) -> OrderPlacement:
        named = {each.order_id for each in orders if each.order_id is not None}
        variants = await self._stock.lock_all(_wanted_in(orders))
        now, home = self._clock.now(), self._taxes.home
        return OrderPlacement(
            buyers=buyers,
            taken_ids=await self._orders.existing(named) if named else set(),
            variants=variants,
            choices=await self._choices_in(variants),
            now=now,
            currency=self._currency,
            home=home,
            methods=await self._shipping.methods_of(
                {
                    each.data.shipping_method_id
                    for each in orders
                    if each.data.shipping_method_id is not None
                }
            ),
            taxes=(
                {}
                if home is None
                else await self._taxes.taxes_at(
                    {
                        taxed_place(each, place_of(delivery_of(each, buyers)), home)
                        for each in orders
                    },
                    now,
                )
            ),
        )

    async def _choices_in(self, variants: Mapping[UUID, Any]) -> dict[UUID, VariantRequired]:
        several = {
            row.product_id
            for row in variants.values()
            if row.variants_count > 1 or row.archived_at is not None
        }
        if not several:
            return {}
        rows = {row.product_id: row for row in variants.values()}
        return {
            product_id: variant_required(
                product_id, rows[product_id].name, rows[product_id].option_names, its
            )
            for product_id, its in (await self._products.variants_of(several)).items()
        }

    async def _announce(
        self, placed: Sequence[tuple[OrderRead, Headers]], placement: OrderPlacement
    ) -> None:
        events: list[tuple[DomainEvent, Headers]] = [
            (OrderPlacedEvent(order.id, order), own) for order, own in placed
        ]
        # The event of a used-up variant belongs to the last order that took units of it.
        last = {line.sold_id: own for order, own in placed for line in order.items}
        events += [
            (event, last[each])
            for each, pieces in placement.taken.items()
            for variant in (placement.variants[each],)
            for event in stock_events(
                variant, variant.stock_quantity, -pieces, self._stock.low_stock_at
            )
        ]
        await self._outbox.announce_all(events)

    async def get(self, caller: Caller, order_id: UUID) -> Found:
        """Return an order.

        Raises:
            OrderNotFound: the order does not exist, or the caller may not see it.
        """

        async def load() -> Representation:
            order = await self._orders.get_whole(caller.owner, order_id)
            return Representation.of(OrderRead.model_validate(order))

        return await self._cache.show(ORDERS, order_id, caller.owner, load)

    async def find(self, caller: Caller, query: OrderQuery) -> OrderPage:
        """Return a page of the orders that the caller may see."""
        orders, following = await self._orders.find(caller.owner, query)
        page = OrderPage(
            items=[OrderSummary.model_validate(order) for order in orders], next=following
        )
        if query.is_counted:
            page.total = await self._orders.count(caller.owner, query)
        return page

    async def of_cart(self, visitor: Visitor, cart_id: UUID) -> OrderRead:
        """Return the order of a cart.

        Raises:
            CartNotFound, CartMerged, OrderNotFound: the order does not exist or is not visible.
        """
        return await self._checkouts.order_of(await self._checkouts.order_id_of(visitor, cart_id))

    async def existing(self, order_ids: Collection[UUID]) -> set[UUID]:
        """Return those of the ids that belong to orders."""
        return await self._orders.existing(order_ids)


def _buyers_of(orders: Iterable[AnyAsked]) -> set[UUID]:
    return {each.named_buyer for each in orders if each.named_buyer is not None}


def _wanted_in(orders: Iterable[AnyAsked]) -> set[UUID]:
    return {variant_id for each in orders for variant_id in each.variant_ids}
