"""Quotes: the rules of money are tested by an example, random carts and planted mistakes."""

from datetime import timedelta
from random import Random
from uuid import UUID

import pytest
from msgspec.structs import replace

from app.pricing.arithmetic import of_pieces
from app.pricing.quote import price
from app.pricing.terms import (
    Cart,
    Conditions,
    Effect,
    Goods,
    Promotion,
    Quote,
    Rate,
    Refusal,
    Rounding,
    Shipping,
    ShippingRate,
    Taxes,
    TaxReason,
)
from tests.test_pricing.carts import NOW, random_cart
from tests.test_pricing.oracle import faults_of
from tests.test_pricing.planted import BUGS

A, B, C = (UUID(int=each) for each in (1, 2, 3))
VAT = {"standard": Rate(190_000), "reduced": Rate(70_000)}
GOODS = (
    Goods(A, A, 999, 3, "standard"),
    Goods(B, B, 2_450, 1, "reduced"),
    Goods(C, C, 495, 2, "standard"),
)
TEN_PERCENT_OFF_A = Promotion(
    id=UUID(int=10),
    label="10 % off",
    effect=Effect.PERCENT_ITEMS,
    percent_ppm=100_000,
    conditions=Conditions(product_ids=frozenset({A})),
)
FIVE_OFF = Promotion(
    id=UUID(int=11), label="5.00 off", effect=Effect.AMOUNT_ORDER, code="FIVE", amount_minor=500
)
SHIPPING = Shipping(
    rates=(ShippingRate(490), ShippingRate(0, from_subtotal_minor=6_000)), tax_class="standard"
)
EXAMPLE = Cart(GOODS, Taxes(VAT), (TEN_PERCENT_OFF_A, FIVE_OFF), SHIPPING)


def with_(cart: Cart, *promotions: Promotion) -> Cart:
    """Return a cart with other promotions."""
    return Cart(cart.goods, cart.taxes, promotions, cart.shipping)


def refusals(quote: Quote) -> dict[UUID, Refusal]:
    """Return the reasons why promotions do not apply."""
    return {each.promotion.id: each.refusal for each in quote.not_applied}


def test_the_example_with_prices_that_include_tax_is_exact_to_the_cent() -> None:
    quote = price(EXAMPLE, NOW)
    assert [each.subtotal_minor for each in quote.lines] == [2_997, 2_450, 990]
    assert [each.amount_minor for each in quote.adjustments] == [300, 220, 199, 81]
    assert [each.total_minor for each in quote.lines] == [2_477, 2_251, 909]
    assert [each.tax.tax_minor for each in quote.lines] == [396, 147, 145]
    assert quote.shipping is not None and quote.shipping.price_minor == 490
    assert [each.tax_minor for each in quote.shipping.taxes] == [78]
    assert [(each.base_minor, each.tax_minor) for each in quote.taxes] == [
        (3_876, 619),
        (2_251, 147),
    ]
    assert (quote.subtotal_minor, quote.discount_minor) == (6_437, 800)
    assert (quote.tax_minor, quote.total_minor) == (766, 6_127)
    assert quote.not_applied == ()


def test_with_rounding_per_line_the_example_has_one_cent_of_tax_less() -> None:
    taxes = Taxes(VAT, rounding=Rounding.PER_LINE)
    quote = price(Cart(GOODS, taxes, EXAMPLE.promotions, SHIPPING), NOW)
    assert [each.tax.tax_minor for each in quote.lines] == [395, 147, 145]
    assert (quote.tax_minor, quote.total_minor) == (765, 6_127)


def test_the_example_with_net_prices_in_new_york_adds_the_tax() -> None:
    rates = {"standard": Rate(88_750), "reduced": Rate(88_750)}
    taxes = Taxes(rates, prices_include_tax=False)
    quote = price(Cart(GOODS, taxes, EXAMPLE.promotions, SHIPPING), NOW)
    assert (quote.tax_minor, quote.total_minor) == (544, 6_671)


def test_a_line_that_is_returned_in_parts_is_refunded_to_the_cent() -> None:
    assert [of_pieces(2_477, 3, each, each) for each in (1, 2, 3)] == [825, 826, 826]
    assert [of_pieces(396, 3, each, each) for each in (1, 2, 3)] == [132, 132, 132]
    random = Random(7)
    for _ in range(500):
        amount, quantity = random.randrange(10**6), random.randint(1, 40)
        ends = sorted(random.sample(range(1, quantity + 1), random.randint(1, quantity)))
        ends[-1] = quantity
        starts = [1, *(each + 1 for each in ends[:-1])]
        parts = [of_pieces(amount, quantity, *each) for each in zip(starts, ends, strict=True)]
        assert sum(parts) == amount and min(parts) >= 0


def test_each_unit_costs_its_net_price_if_the_included_tax_is_not_charged() -> None:
    rates = dict.fromkeys(VAT, Rate(0, TaxReason.REVERSE_CHARGE))
    taken_out = {name: rate.ppm for name, rate in VAT.items()}
    quote = price(replace(EXAMPLE, taxes=Taxes(rates, taken_out=taken_out), promotions=()), NOW)
    # 999 / 1.19 = 839.4..., 2450 / 1.07 = 2289.7..., 495 / 1.19 = 415.9..., 490 / 1.19 = 411.7...
    assert [each.goods.unit_minor for each in quote.lines] == [839, 2_290, 416]
    assert [each.total_minor for each in quote.lines] == [2_517, 2_290, 832]
    assert quote.shipping is not None and quote.shipping.total_minor == 412
    assert [(each.rate.reason, each.base_minor, each.tax_minor) for each in quote.taxes] == [
        (TaxReason.REVERSE_CHARGE, 6_051, 0)
    ]
    assert (quote.tax_minor, quote.total_minor) == (0, 6_051)


def test_the_tax_in_shipping_is_removed_at_the_rates_of_the_goods() -> None:
    rates = dict.fromkeys(VAT, Rate(0, TaxReason.REVERSE_CHARGE))
    taken_out = {"standard": 250_000, "reduced": 0}
    goods = (Goods(A, A, 1_250, 1, "standard"), Goods(B, B, 1_250, 1, "reduced"))
    shipping = Shipping(rates=(ShippingRate(1_000),))
    # Half of 1000 includes a tax of 25 %.
    quote = price(Cart(goods, Taxes(rates, taken_out=taken_out), shipping=shipping), NOW)
    assert quote.shipping is not None and quote.shipping.total_minor == 900
    assert quote.total_minor == 1_000 + 1_250 + 900


def test_shipping_is_shared_among_goods_whose_tax_is_0_for_different_reasons() -> None:
    rates = {
        "standard": Rate(0, TaxReason.REVERSE_CHARGE),
        "reduced": Rate(0),
        "zero": Rate(200_000),
    }
    goods = tuple(
        Goods(each, each, unit, 1, tax_class)
        for each, unit, tax_class in ((A, 1, "zero"), (B, 1, "standard"), (C, 1, "reduced"))
    )
    cart = Cart(goods, Taxes(rates), shipping=Shipping(rates=(ShippingRate(22),)))
    quote = price(cart, NOW)
    assert quote.shipping is not None
    assert [(each.rate, each.base_minor) for each in quote.shipping.taxes] == [
        (Rate(200_000), 8),
        (Rate(0, TaxReason.REVERSE_CHARGE), 7),
        (Rate(0), 7),
    ]
    # With one share for both, the others would be 7 and the tax 1.
    assert quote.taxes[0].tax_minor == 2
    assert not faults_of(cart, quote, NOW)


def test_prices_of_random_carts_equal_exact_fractions() -> None:
    random = Random(17)
    for number in range(2_000):
        cart = random_cart(random)
        assert faults_of(cart, price(cart, NOW), NOW) == [], f"cart {number}: {cart}"


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_mistake_is_found(bug: str) -> None:
    random = Random(17)
    with BUGS[bug]():
        found = sum(bool(faults_of(each, price(each, NOW), NOW)) for each in _carts(random, 900))
    assert found > 0


def _carts(random: Random, count: int) -> list[Cart]:
    return [random_cart(random) for _ in range(count)]


def test_shipping_is_free_from_a_price_after_discounts_unless_they_do_not_count() -> None:
    # 64.37 before discounts, 56.37 after them.
    before = Shipping(SHIPPING.rates, "standard", counts_before_discounts=True)
    quotes = [
        price(Cart(GOODS, EXAMPLE.taxes, EXAMPLE.promotions, each), NOW)
        for each in (SHIPPING, before)
    ]
    assert [each.shipping and each.shipping.total_minor for each in quotes] == [490, 0]


def test_a_shipping_method_that_does_not_fit_is_reported_and_costs_nothing() -> None:
    heavy = (Goods(A, A, 999, 3, "standard", weight_grams=20_000),)
    light = Shipping(SHIPPING.rates, "standard", max_weight_grams=30_000)
    quote = price(Cart(heavy, EXAMPLE.taxes, (), light), NOW)
    assert (quote.is_shippable, quote.shipping, quote.total_minor) == (False, None, 2_997)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"refusal": Refusal.USED_UP}, Refusal.USED_UP),
        ({"amount_minor": None}, Refusal.NOT_IN_CURRENCY),
        ({"amount_minor": 0}, Refusal.NOTHING_TO_REDUCE),
        ({"conditions": Conditions(starts_at=NOW + timedelta(seconds=1))}, Refusal.NOT_BEGUN),
        ({"conditions": Conditions(ends_at=NOW)}, Refusal.EXPIRED),
        (
            {"conditions": Conditions(product_ids=frozenset({UUID(int=99)}))},
            Refusal.NOT_FOR_THESE_ITEMS,
        ),
        ({"conditions": Conditions(min_subtotal_minor=6_438)}, Refusal.BELOW_MINIMUM),
        ({"conditions": Conditions(min_quantity=7)}, Refusal.BELOW_MINIMUM),
    ],
)
def test_a_promotion_that_does_not_apply_has_a_reason(
    changes: dict[str, object], refusal: Refusal
) -> None:
    values = {"id": FIVE_OFF.id, "label": "", "effect": Effect.AMOUNT_ORDER, "amount_minor": 500}
    quote = price(with_(EXAMPLE, Promotion(**(values | changes))), NOW)  # type: ignore[arg-type]
    assert refusals(quote) == {FIVE_OFF.id: refusal}
    assert quote.total_minor == price(with_(EXAMPLE), NOW).total_minor


def test_the_amount_missing_to_a_minimum_is_reported() -> None:
    conditions = Conditions(min_subtotal_minor=7_000, min_quantity=8)
    promotion = Promotion(UUID(int=1), "", Effect.FREE_SHIPPING, conditions=conditions)
    (refused,) = price(with_(EXAMPLE, promotion), NOW).not_applied
    assert (refused.missing_minor, refused.missing_quantity) == (563, 2)


def test_the_units_missing_to_a_bundle_are_reported() -> None:
    bundle = Promotion(UUID(int=1), "", Effect.BUNDLE, percent_ppm=1_000_000, buys=5, gets=2)
    (refused,) = price(with_(EXAMPLE, bundle), NOW).not_applied
    assert (refused.refusal, refused.missing_quantity) == (Refusal.BELOW_MINIMUM, 1)


@pytest.mark.parametrize(("percent_ppm", "is_better"), [(500_000, True), (10_000, False)])
def test_the_better_of_an_exclusive_promotion_and_the_others_applies(
    percent_ppm: int, is_better: bool
) -> None:
    alone = Promotion(
        UUID(int=9), "", Effect.PERCENT_ORDER, percent_ppm=percent_ppm, combines=False, code="ONE"
    )
    quote = price(with_(EXAMPLE, *EXAMPLE.promotions, alone), NOW)
    applied = {each.promotion_id for each in quote.adjustments}
    others = {each.id for each in EXAMPLE.promotions}
    assert applied == ({alone.id} if is_better else others)
    assert refusals(quote) == dict.fromkeys(
        others if is_better else {alone.id}, Refusal.NOT_COMBINABLE
    )


def test_a_second_promotion_of_free_shipping_has_nothing_to_reduce() -> None:
    both = [Promotion(UUID(int=each), "", Effect.FREE_SHIPPING) for each in (5, 4)]
    quote = price(with_(EXAMPLE, FIVE_OFF, *both), NOW)
    of_shipping = [each for each in quote.adjustments if each.position is None]
    assert [(each.promotion_id, each.amount_minor) for each in of_shipping] == [(UUID(int=4), 490)]
    assert refusals(quote) == {UUID(int=5): Refusal.NOTHING_TO_REDUCE}


def test_an_empty_cart_costs_nothing() -> None:
    quote = price(Cart((), EXAMPLE.taxes, (FIVE_OFF,)), NOW)
    assert (quote.total_minor, quote.lines, quote.taxes) == (0, (), ())
    assert refusals(quote) == {FIVE_OFF.id: Refusal.NOT_FOR_THESE_ITEMS}
