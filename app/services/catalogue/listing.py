"""The listing of a product from its variants, and refusals of requests that name no variant."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.search_words import search_text
from app.errors import InvalidInput, NotSoldInCurrency, VariantRequired
from app.models import Product, Variant
from app.schemas.catalogue.variant_schema import option_values_of
from app.tables.catalogue import availability_of, best_of, threshold_of
from app.tables.products.offers import Offer, lowest_offer


def derive_listing(product: Product, variants: Sequence[Variant], low_stock_at: int) -> None:
    """Derive the listing of a product and its words of the search index from its variants."""
    sold = [each for each in variants if each.is_active]
    derived = {
        "sku": variants[0].sku,
        **price_columns(lowest_offer(variants)),
        "availability": best_of(availability_of(each, low_stock_at) for each in sold),
        "variants_count": len(variants),
        **words_of(product, variants),
    }
    for name, value in derived.items():
        # A product whose attributes are set counts as changed, and so does everything that depends
        # on it.
        if getattr(product, name) != value:
            setattr(product, name, value)


def price_columns(offer: Offer) -> dict[str, Any]:
    """Return the listing of a price as columns of a product."""
    return {
        "price_minor": offer.price_minor,
        "compare_at_minor": offer.compare_at_minor,
        "price_source": offer.source,
    }


def words_of(product: Product, variants: Sequence[Variant]) -> dict[str, str]:
    """Return the words of the search index as columns of a product."""
    names = [product.name, *_different(each.sku for each in variants)]
    names += _different(each.barcode or "" for each in variants)
    options = [
        *_different(
            value for each in variants for value in (each.option1, each.option2, each.option3)
        ),
        product.category,
    ]
    return {
        "search_names": (first := search_text(*names)),
        "search_options": (second := search_text(*options)),
        "search_text": " ".join(filter(None, (first, second, search_text(product.description)))),
    }


def _different(texts: Iterable[str]) -> Iterable[str]:
    return dict.fromkeys(filter(None, texts))


def note_low_stock(variant: Variant, now: datetime, low_stock_at: int) -> None:
    """Set since when the stock of a variant is low, after a change of it."""
    if is_low(variant, low_stock_at):
        variant.low_since = variant.low_since or now
    else:
        variant.low_since = None


def is_low(variant: Variant, low_stock_at: int) -> bool:
    """Return whether the stock of a variant is low or used up."""
    return variant.tracks_stock and variant.stock_quantity <= threshold_of(variant, low_stock_at)


def require_higher_compare_at(variant: Variant, pointer: str = "#") -> None:
    """Require that the compared price of a variant is higher than its price.

    Raises:
        InvalidInput: it is not higher.
    """
    if variant.compare_at_minor is not None and variant.compare_at_minor <= variant.price_minor:
        raise InvalidInput.in_body((f"{pointer}/compare_at_price", "must be more than the price"))


def require_sold(product: Product, variants: Sequence[Variant], currency: str) -> None:
    """Require that a product has variants with a price in a currency.

    Raises:
        NotSoldInCurrency: no variant has a price in the currency.
    """
    if not variants:
        raise NotSoldInCurrency(
            f"{product.name} has no price in {currency}", id=str(product.id), currency=currency
        )


def only_variant(product: Product, variants: Sequence[Variant]) -> Variant:
    """Return the only variant of a product.

    Raises:
        VariantRequired: the product has several variants.
    """
    if len(variants) == 1:
        return variants[0]
    raise variant_required(product.id, product.name, product.option_names, variants)


def variant_required(
    product_id: UUID, name: str, option_names: Sequence[str], variants: Sequence[Variant]
) -> VariantRequired:
    """Return the refusal of a request that must name one of the variants of a product."""
    return VariantRequired(
        f"{name} is sold in variants; name one of them",
        product_id=str(product_id),
        variants=[
            {
                "variant_id": str(each.id),
                "sku": each.sku,
                "option_values": option_values_of(each, option_names),
            }
            for each in variants
        ],
    )


def sold_ids(product_id: UUID, variant_id: UUID) -> dict[str, str]:
    """Return the ids of variants as a refusal names them: a first variant by its product."""
    if variant_id == product_id:
        return {"product_id": str(product_id)}
    return {"product_id": str(product_id), "variant_id": str(variant_id)}
