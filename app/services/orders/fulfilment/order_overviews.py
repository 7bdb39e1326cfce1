"""An order as its customer sees it, with payments, shipments and returns."""

from uuid import UUID

from msgspec import Struct

from app.models import Order, OrderStatus
from app.repositories.orders.order_repository import OrderRepository
from app.repositories.orders.return_repository import ReturnRepository
from app.schemas.orders.order_schema import OrderRead
from app.schemas.orders.return_schema import ReturnRead
from app.schemas.orders.shipment_schema import ShipmentRead
from app.schemas.payments.payment_schema import OrderPaymentsRead
from app.services.carts.cart_access import Visitor
from app.services.orders.checkouts import Checkouts
from app.services.orders.fulfilment.parcels import shipment_document
from app.services.orders.fulfilment.return_documents import return_document
from app.services.orders.payments.payment_books import PaymentBooks


class OrderOverview(Struct, frozen=True):
    """The view of an order for its customer."""

    order: OrderRead
    payments: OrderPaymentsRead
    shipments: list[ShipmentRead]
    returns: list[ReturnRead]


class OrderOverviews:
    """Reads orders with their payments, shipments and returns."""

    def __init__(
        self,
        orders: OrderRepository,
        returns: ReturnRepository,
        books: PaymentBooks,
        checkouts: Checkouts,
    ) -> None:
        self._orders = orders
        self._returns = returns
        self._books = books
        self._checkouts = checkouts

    async def of_order(self, owner: UUID | None, order_id: UUID) -> OrderOverview:
        """Return an order.

        Raises:
            OrderNotFound: the order does not exist, or the caller may not see it.
        """
        order = await self._orders.get_whole(owner, order_id)
        return OrderOverview(
            order=OrderRead.model_validate(order),
            payments=await self._books.shown(order),
            shipments=[shipment_document(each, order.items) for each in order.shipments],
            returns=await self._returns_of(order),
        )

    async def of_cart(self, visitor: Visitor, cart_id: UUID) -> OrderOverview:
        """Return the order of a cart.

        Raises:
            CartNotFound, CartMerged, OrderNotFound: the order does not exist or is not visible.
        """
        return await self.of_order(None, await self._checkouts.order_id_of(visitor, cart_id))

    async def _returns_of(self, order: Order) -> list[ReturnRead]:
        if order.status in (OrderStatus.PENDING, OrderStatus.PAID):
            # Nothing was shipped.
            return []
        found = await self._returns.all_of_order(order.id)
        return [return_document(each, order) for each in found]
