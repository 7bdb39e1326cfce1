"""The current prices of drafts."""

from app.core.clock import Clock
from app.errors import DomainError
from app.models import OrderDraft
from app.pricing.terms import Promotion, manual_discount
from app.repositories.carts.cart_line_repository import CartLineRepository, LineInCart
from app.schemas.orders.draft_schema import DraftDiscountRead, DraftItemRead, DraftQuote, DraftRead
from app.services.carts.cart_claims import CHOICES
from app.services.carts.cart_documents import amounts_of
from app.services.carts.cart_quotes import CartQuotes, CartTerms, QuotedCart, quoted

_OF_DRAFT = (
    "id",
    "user_id",
    *CHOICES,
    "currency",
    "pay_hours",
    "order_id",
    "created_at",
    "updated_at",
    "version",
)


class DraftQuotes:
    """Computes the prices of drafts, from their own prices and the current ones."""

    def __init__(
        self, lines: CartLineRepository, quotes: CartQuotes, clock: Clock, low_stock_at: int
    ) -> None:
        self._lines = lines
        self._quotes = quotes
        self._clock = clock
        self._low_stock_at = low_stock_at

    async def document_of(self, draft: OrderDraft) -> DraftRead:
        """Return the document of a draft, with its current price unless it was placed."""
        quote = None
        if draft.order_id is None:
            its = amounts_of(await self._of(draft), self._low_stock_at)
            quote = DraftQuote(currency=draft.currency, **its)
        return document_of(draft, quote)

    async def _of(self, draft: OrderDraft) -> QuotedCart:
        now, own = self._clock.now(), draft.own_prices
        variants = await self._lines.variants(draft.units, draft.currency)
        lines = [
            LineInCart(variants[each], position, quantity, None, own.get(each))
            for position, (each, quantity) in enumerate(draft.units.items(), start=1)
            if each in variants
        ]
        taxes = await self._quotes.taxes_of(draft, now)
        terms = CartTerms(
            promotions=discounts_of(draft),
            unknown_codes=(),
            taxes=None if isinstance(taxes, DomainError) else taxes,
            tax_refusal=taxes if isinstance(taxes, DomainError) else None,
            categories={},
        )
        return quoted(draft, lines, terms, now, draft.shipping_price_minor)


def document_of(draft: OrderDraft, quote: DraftQuote | None) -> DraftRead:
    """Return the document of a draft with its quote, if it has one."""
    chosen = {name: getattr(draft, name) for name in _OF_DRAFT}
    if draft.shipping_price_minor is not None:
        chosen["shipping_price_minor"] = draft.shipping_price_minor
    return DraftRead(
        **chosen,
        items=[DraftItemRead.model_validate(each) for each in draft.items],
        discounts=[DraftDiscountRead.model_validate(each) for each in draft.discounts],
        quote=quote,
    )


def discounts_of(draft: OrderDraft) -> tuple[Promotion, ...]:
    """Return the discounts of a draft, which apply in their order."""
    return tuple(
        manual_discount(
            place,
            each["label"],
            percent_ppm=each.get("percent_ppm", 0),
            amount_minor=each.get("amount_minor"),
        )
        for place, each in enumerate(draft.discounts, start=1)
    )
