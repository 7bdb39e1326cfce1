"""The personal data of erased customers in finished orders."""

from app.models import Order
from app.repositories.carts.cart_repository import CartRepository
from app.repositories.identity.user_repository import UserRepository
from app.repositories.orders.cleared_orders import without_customer
from app.repositories.payments.payment_repository import PaymentRepository
from app.repositories.promotions.redemption_repository import RedemptionRepository
from app.services.carts.carts_privacy import CartsPrivacy
from app.services.orders.fulfilment.parcels import Parcels


class Customers:
    """Clears the customers of finished orders."""

    def __init__(
        self,
        users: UserRepository,
        carts: CartRepository,
        privacy: CartsPrivacy,
        redemptions: RedemptionRepository,
        payments: PaymentRepository,
        parcels: Parcels,
    ) -> None:
        self._users = users
        self._carts = carts
        self._privacy = privacy
        self._redemptions = redemptions
        self._payments = payments
        self._parcels = parcels

    async def clear_if_erased(self, order: Order) -> None:
        """Clear the customer in a newly finished order, if the customer was erased before."""
        if order.user_id is None:
            if order.erasure_asked_at is not None:
                await self.clear_guest(order)
            return
        is_shown = order.delivery_address is not None or order.email is not None
        if (is_shown or order.shipments) and await self._users.is_anonymised(order.user_id):
            await self._clear(order)

    async def clear_guest(self, order: Order) -> int:
        """Clear the guest in a finished order, and delete the cart through which the guest sees it.

        Return the number of carts that were deleted.
        """
        await self._clear(order)
        await self._redemptions.forget_customer(order.id)
        cart = await self._carts.of_order(order.id)
        if cart is None:
            return 0
        await self._privacy.delete(cart)
        return 1

    async def _clear(self, order: Order) -> None:
        for name, value in without_customer(order).items():
            setattr(order, name, value)
        await self._parcels.forget_customer(order)
        await self._payments.clear_notes([order.id])
