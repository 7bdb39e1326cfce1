"""The current prices of carts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from app.core.clock import Clock
from app.core.countries import Place
from app.core.email_addresses import address_key
from app.errors import DomainError
from app.models import Cart, OrderDraft
from app.pricing.quote import price
from app.pricing.terms import Cart as PricedCart
from app.pricing.terms import Promotion, Quote, Taxes, TaxReason
from app.repositories.carts.cart_line_repository import CartLineRepository, LineInCart
from app.services.carts.quoting import UNTAXED, goods_of, shipping_of
from app.services.promotions.promotion_book import Offered, PromotionBook
from app.services.promotions.promotion_service import PromotionService
from app.services.shipping.shipping_service import ships_to
from app.services.taxes.tax_service import TaxService


class CartTerms(Struct, frozen=True):
    """The data on which a quote depends, besides the cart itself."""

    promotions: tuple[Promotion, ...]
    unknown_codes: tuple[str, ...]
    taxes: Taxes | None
    """The tax; None if the shop charges no tax, or if the order would be refused."""
    tax_refusal: DomainError | None
    """The reason why no tax is known for the place of delivery."""
    categories: Mapping[UUID, frozenset[UUID]]
    """The categories of products, and their ancestors, if a promotion needs them."""


class QuotedCart(Struct, frozen=True):
    """A cart with its price; `quote` has a line for each of `sold`."""

    cart: Cart | OrderDraft
    lines: Sequence[LineInCart]
    sold: Sequence[LineInCart]
    """The lines that are for sale in the currency of the cart."""
    terms: CartTerms
    quote: Quote
    is_shipped: bool
    """Whether the shipping method fits; a cart without a method counts as fitting."""

    @property
    def codes(self) -> Sequence[str]:
        """The codes that the customer has entered; a draft has none."""
        return self.cart.codes if isinstance(self.cart, Cart) else ()

    @property
    def has_taxed_delivery(self) -> bool:
        """Whether there is an address, and the customer is charged tax for it."""
        return (
            self.terms.taxes is not None
            and self.cart.delivery_address is not None
            and not any(
                rate.reason is TaxReason.REVERSE_CHARGE for rate in self.terms.taxes.rates.values()
            )
        )


class CartQuotes:
    """Computes the prices of carts from the current prices, promotions, taxes and rates."""

    def __init__(
        self,
        lines: CartLineRepository,
        promotions: PromotionService,
        taxes: TaxService,
        clock: Clock,
    ) -> None:
        self._lines = lines
        self._promotions = promotions
        self._taxes = taxes
        self._clock = clock

    async def of(self, cart: Cart) -> QuotedCart:
        """Return the current price of a cart."""
        lines = await self._lines.of_cart(cart.id, cart.currency)
        now = self._clock.now()
        terms = await self.terms_of(cart, {each.variant.row.product_id for each in lines}, now)
        return quoted(cart, lines, terms, now)

    async def terms_of(self, cart: Cart, product_ids: set[UUID], now: datetime) -> CartTerms:
        """Return the data on which the quote of a cart depends."""
        promotions, unknown = await self.promotions_of(cart, now)
        taxes = await self.taxes_of(cart, now)
        return CartTerms(
            promotions=promotions,
            unknown_codes=unknown,
            taxes=None if isinstance(taxes, DomainError) else taxes,
            tax_refusal=taxes if isinstance(taxes, DomainError) else None,
            categories=await self.categories_of(promotions, product_ids),
        )

    async def taxes_of(self, cart: Cart | OrderDraft, now: datetime) -> Taxes | DomainError | None:
        """Return the tax of a cart or a draft, or why it is refused; None if none is charged."""
        if (home := self._taxes.home) is None:
            return None
        place = place_of(cart.delivery_address) or home
        taxed = replace(place, vat_number=cart.vat_number or "")
        return (await self._taxes.taxes_at({taxed}, now))[taxed]

    async def promotions_of(self, cart: Cart, now: datetime) -> Offered:
        """Return the promotions of a cart, and its codes that no coupon has."""
        return self.offered(await self.book_of([cart], now), cart)

    async def book_of(self, carts: Sequence[Cart], now: datetime) -> PromotionBook:
        """Return the promotions of several carts."""
        codes = [code for cart in carts for code in cart.codes]
        keys = {key for cart in carts if (key := customer_key(cart)) is not None}
        return await self._promotions.book(codes, keys, now)

    def offered(self, book: PromotionBook, cart: Cart) -> Offered:
        """Return the promotions of a cart, and its codes that no coupon has."""
        place = place_of(cart.delivery_address) or self._taxes.home
        return book.offered(cart.codes, cart.currency, customer_key(cart), place)

    async def categories_of(
        self, promotions: Iterable[Promotion], product_ids: Collection[UUID]
    ) -> Mapping[UUID, frozenset[UUID]]:
        """Return the categories of products and their ancestors, if a promotion needs them."""
        if not product_ids or not any(each.conditions.category_ids for each in promotions):
            return {}
        return await self._lines.categories_of(product_ids)


def quoted(
    cart: Cart | OrderDraft,
    lines: Sequence[LineInCart],
    terms: CartTerms,
    now: datetime,
    own_shipping_minor: int | None = None,
) -> QuotedCart:
    """Return the price of a cart or a draft at a moment."""
    sold = [each for each in lines if each.variant.is_for_sale and each.unit_minor is not None]
    goods = tuple(
        goods_of(
            row,
            row.variant_id,
            each.unit_minor,
            each.quantity,
            terms.taxes,
            terms.categories.get(row.product_id, frozenset()),
        )
        for each in sold
        for row in (each.variant.row,)
        if each.unit_minor is not None
    )
    is_fit = fits(cart)
    method = cart.shipping_method if is_fit and goods else None
    shipping = (
        None
        if method is None
        else shipping_of(method, cart.currency, terms.taxes, own_shipping_minor)
    )
    quote = price(PricedCart(goods, terms.taxes or UNTAXED, terms.promotions, shipping), now)
    is_shipped = is_fit and (quote.is_shippable or not goods)
    return QuotedCart(cart, lines, sold, terms, quote, is_shipped)


def fits(cart: Cart | OrderDraft) -> bool:
    """Return whether the shipping method of a cart is offered, and ships to its address if any.

    The result is true without a method, and false for a method that was deleted.
    """
    method, place = cart.shipping_method, place_of(cart.delivery_address)
    if method is None:
        return cart.shipping_method_id is None
    return method.is_active and (method.is_pickup or place is None or ships_to(method, place))


def place_of(address: Mapping[str, Any] | None) -> Place | None:
    """Return the place of an address."""
    if address is None:
        return None
    return Place(address["country"], address["region"], address["postal_code"])


def customer_key(cart: Cart) -> str | None:
    """Return the key of a customer in promotions: the user, or the e-mail address of a guest."""
    if cart.user_id is not None:
        return str(cart.user_id)
    return None if cart.email is None else address_key(cart.email)
