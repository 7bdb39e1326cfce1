"""Random carts, in currencies with 0, 2 and 3 decimals."""

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from app.pricing.terms import (
    Cart,
    Conditions,
    Effect,
    Goods,
    Promotion,
    Rate,
    Refusal,
    Rounding,
    Shipping,
    ShippingRate,
    Taxes,
    TaxReason,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
_PLACES = (0, 2, 3)
_RATES = (0, 21_000, 70_000, 88_750, 190_000, 200_000, 255_000)
_CLASSES = ("standard", "reduced", "zero")
_CATEGORIES = [UUID(int=each) for each in range(1, 5)]
_PRODUCTS = [UUID(int=each) for each in range(10, 20)]


def random_cart(random: Random) -> Cart:
    """Return a cart with goods, promotions, a shipping method and taxes."""
    unit = 10 ** random.choice(_PLACES)
    return Cart(
        goods=tuple(_goods(random, unit) for _ in range(random.choice((1, 1, 2, 3, 5, 8)))),
        taxes=_taxes(random),
        promotions=tuple(
            _promotion(random, unit, number) for number in range(random.choice((0, 1, 1, 2, 3, 5)))
        ),
        shipping=_shipping(random, unit) if random.random() < 0.8 else None,
    )


def _taxes(random: Random) -> Taxes:
    rounding = random.choice(list(Rounding))
    if random.random() < 0.15:
        return Taxes(
            rates=dict.fromkeys(_CLASSES, Rate(0, TaxReason.REVERSE_CHARGE)),
            prices_include_tax=random.random() < 0.5,
            rounding=rounding,
            taken_out={each: random.choice(_RATES) for each in _CLASSES},
        )
    return Taxes(
        rates={each: _rate(random) for each in _CLASSES},
        prices_include_tax=random.random() < 0.5,
        rounding=rounding,
    )


def _rate(random: Random) -> Rate:
    if random.random() < 0.05:
        return Rate(0, TaxReason.REVERSE_CHARGE)
    return Rate(random.choice(_RATES))


def _goods(random: Random, unit: int) -> Goods:
    return Goods(
        variant_id=UUID(int=random.getrandbits(64)),
        product_id=random.choice(_PRODUCTS),
        unit_minor=random.choice(
            (0, 1, 33, 95 * unit // 100, 999 * unit // 100, random.randrange(400 * unit))
        ),
        quantity=random.choice((1, 1, 2, 3, 7, 100)),
        tax_class=random.choice(_CLASSES),
        category_ids=frozenset(random.sample(_CATEGORIES, random.randrange(3))),
        weight_grams=random.choice((0, 100, 2_500)),
    )


def _promotion(random: Random, unit: int, number: int) -> Promotion:
    effect = random.choice(list(Effect))
    is_bundle = effect is Effect.BUNDLE
    return Promotion(
        # Ids do not ascend in the order of the promotions.
        id=UUID(int=random.getrandbits(32) * 10 + number),
        label="A promotion",
        effect=effect,
        percent_ppm=random.choice((0, 33_333, 100_000, 150_000, 500_000, 1_000_000)),
        amount_minor=random.choice((None, 0, 1, 5 * unit, 50 * unit, 10_000 * unit)),
        buys=random.randint(1, 3) if is_bundle else 0,
        gets=random.randint(1, 2) if is_bundle else 0,
        conditions=Conditions(
            category_ids=frozenset(random.sample(_CATEGORIES, random.choice((0, 0, 1, 2)))),
            product_ids=frozenset(random.sample(_PRODUCTS, random.choice((0, 0, 0, 3)))),
            min_subtotal_minor=random.choice((0, 0, 20 * unit)),
            min_quantity=random.choice((0, 0, 3)),
            starts_at=random.choice((None, None, NOW, NOW + timedelta(seconds=1))),
            ends_at=random.choice((None, None, NOW, NOW + timedelta(seconds=1))),
        ),
        combines=random.random() < 0.7,
        priority=random.randrange(3),
        refusal=Refusal.USED_UP if random.random() < 0.05 else None,
    )


def _shipping(random: Random, unit: int) -> Shipping:
    rates = [ShippingRate(random.choice((0, 490 * unit // 100, 7 * unit)))]
    if random.random() < 0.5:
        rates.append(ShippingRate(0, from_subtotal_minor=60 * unit))
    if random.random() < 0.3:
        rates.append(ShippingRate(12 * unit, from_weight_grams=5_000))
    if random.random() < 0.1:
        del rates[0]
    return Shipping(
        rates=tuple(rates),
        tax_class=random.choice((None, *_CLASSES)),
        counts_before_discounts=random.random() < 0.3,
        max_weight_grams=random.choice((None, None, 30_000)),
    )
