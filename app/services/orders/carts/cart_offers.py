"""The promotions of the carts of a transaction, which each order changes for the next one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from msgspec.structs import replace

from app.pricing.terms import Promotion
from app.repositories.identity.user_repository import Buyer
from app.services.carts.cart_quotes import CartQuotes, customer_key
from app.services.orders.amounts import Offers
from app.services.orders.placement import Asked, OrderedCart
from app.services.promotions.promotion_book import PromotionBook
from app.tables.orders import NewOrder


class CartOffers:
    """The locked promotions of carts, which the orders of their transaction use."""

    def __init__(
        self,
        quotes: CartQuotes,
        book: PromotionBook,
        categories: Mapping[UUID, frozenset[UUID]],
        buyers: Mapping[UUID, Buyer],
    ) -> None:
        self._quotes = quotes
        self._book = book
        self._categories = categories
        self._buyers = buyers

    def added_to(self, asked: Asked) -> Asked:
        """Return an order of a cart with its promotions, after the uses of the orders before it."""
        its = asked.of_cart
        if its is None:
            return asked
        promotions, _ = self._quotes.offered(self._book, its.cart)
        return replace(asked, of_cart=replace(its, offers=Offers(promotions, self._categories)))

    def note(self, asked: Asked, order: NewOrder) -> None:
        """Record an order, for the limits of promotions and the history of its customer."""
        used: Iterable[Promotion] = ()
        if asked.of_cart is not None:
            taken = {each.promotion_id for each in order.adjustments}
            used = [each for each in asked.of_cart.offers.promotions if each.id in taken]
        self._book.note_order(used, key_of(asked.of_cart), self._keys_of(order))

    def _keys_of(self, order: NewOrder) -> Collection[str]:
        if order.user_id is None:
            return ()
        return (str(order.user_id), self._buyers[order.user_id].email_key)


def key_of(its: OrderedCart | None) -> str:
    """Return the key of the customer of a cart in promotions."""
    return "" if its is None else customer_key(its.cart) or its.contact.email_key or ""


def carts_in(orders: Sequence[Asked]) -> list[OrderedCart]:
    """Return the carts among orders."""
    return [each.of_cart for each in orders if each.of_cart is not None]
