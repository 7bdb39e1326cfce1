"""Builds the services of carts."""

from litestar.di import NamedDependency, Provide
from sqlalchemy.ext.asyncio import AsyncSession

from app.repositories.carts.cart_line_repository import CartLineRepository
from app.repositories.carts.cart_repository import CartRepository
from app.repositories.catalogue.product_repository import ProductRepository
from app.services.carts.cart_additions import CartAdditions
from app.services.carts.cart_claims import CartClaims
from app.services.carts.cart_codes import CartCodes
from app.services.carts.cart_quotes import CartQuotes
from app.services.carts.cart_service import CartService
from app.services.carts.carts_privacy import CartsPrivacy
from app.wiring.areas.promotions import provide_promotions
from app.wiring.areas.shipping import provide_shipping
from app.wiring.areas.system import provide_idempotency
from app.wiring.areas.taxes import provide_taxes
from app.wiring.resources import Shop


def provide_quotes(session: AsyncSession, shop: Shop) -> CartQuotes:
    """Return the service that computes the quotes of carts."""
    return CartQuotes(
        CartLineRepository(session),
        provide_promotions(session, shop),
        provide_taxes(session, shop),
        shop.clock,
    )


def provide_carts(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> CartService:
    """Return the service of carts."""
    return CartService(
        CartRepository(session),
        CartLineRepository(session),
        ProductRepository(session),
        provide_quotes(session, shop),
        provide_shipping(session, shop),
        shop.clock,
        shop.settings.shop_currency,
        shop.settings.low_stock_at,
    )


def provide_cart_additions(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> CartAdditions:
    """Return the service that adds units to the carts of visitors."""
    return CartAdditions(
        provide_carts(session, shop), provide_idempotency(session, shop), shop.tokens.keys
    )


def provide_cart_codes(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> CartCodes:
    """Return the service of the codes in carts."""
    return CartCodes(
        CartRepository(session),
        provide_quotes(session, shop),
        shop.limits,
        shop.settings.code_limit_per_minute,
        shop.clock,
        shop.settings.low_stock_at,
    )


def provide_cart_claims(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> CartClaims:
    """Return the service that gives the carts of guests to users."""
    return CartClaims(
        CartRepository(session),
        CartLineRepository(session),
        provide_quotes(session, shop),
        shop.clock,
        provide_idempotency(session, shop),
        shop.settings.shop_currency,
        shop.settings.low_stock_at,
    )


def provide_personal_data(session: AsyncSession, shop: Shop) -> CartsPrivacy:
    """Return the personal data in carts."""
    return CartsPrivacy(
        CartRepository(session),
        CartLineRepository(session),
        provide_quotes(session, shop),
        provide_idempotency(session, shop),
        shop.settings.low_stock_at,
    )


Carts = NamedDependency[CartService]
Additions = NamedDependency[CartAdditions]
Codes = NamedDependency[CartCodes]
Claims = NamedDependency[CartClaims]

DEPENDENCIES = {
    "carts": Provide(provide_carts, sync_to_thread=False),
    "cart_additions": Provide(provide_cart_additions, sync_to_thread=False),
    "cart_codes": Provide(provide_cart_codes, sync_to_thread=False),
    "cart_claims": Provide(provide_cart_claims, sync_to_thread=False),
}
