"""A second computation of the price of a cart, by the rules of money and in exact fractions."""

from datetime import datetime
from fractions import Fraction
from itertools import groupby
from math import floor
from typing import Any

from msgspec.structs import replace

from app.pricing.terms import Cart, Effect, Goods, Promotion, Quote, Rate, Rounding

MILLION = 1_000_000


def rounded(value: Fraction) -> int:
    """Return the nearest integer, rounding half up."""
    return floor(value + Fraction(1, 2))


def apportioned(total: int, exact: list[Fraction]) -> list[int]:
    """Return whole parts of a total: the largest remainders get one more, the earlier first."""
    parts = [floor(each) for each in exact]
    while sum(parts) < total:
        behind = [each - part for each, part in zip(exact, parts, strict=True)]
        parts[behind.index(max(behind))] += 1
    return parts


def faults_of(cart: Cart, quote: Quote, now: datetime) -> list[str]:
    """Return the errors of a quote of a cart."""
    cart = _net(cart)
    together = _cost(cart, [each for each in cart.promotions if each.combines], now)
    best = together
    for each in sorted(cart.promotions, key=lambda one: (one.priority, one.id)):
        if not each.combines and _takes_part(cart, each, now):
            alone = _cost(cart, [each], now)
            if alone["total"] < together["total"]:
                best = alone
            break
    seen: dict[str, Any] = {
        "left": [each.subtotal_minor - each.discount_minor for each in quote.lines],
        "taxes": [each.tax.tax_minor for each in quote.lines],
        "totals": [each.total_minor for each in quote.lines],
        "shipping": _shipping_of(quote),
        "tax": quote.tax_minor,
        "total": quote.total_minor,
    }
    faults = [
        f"{name}: {value}, not {best[name]}" for name, value in seen.items() if value != best[name]
    ]
    return faults + _broken_sums(cart, quote)


def _net(cart: Cart) -> Cart:
    """Return a cart with prices without the included tax that is not charged."""
    if not cart.taxes.taken_out:
        return cart

    def parts(amount: int, tax_class: str) -> Fraction:
        return Fraction(amount * MILLION, MILLION + cart.taxes.taken_out[tax_class])

    goods = tuple(
        replace(
            each,
            unit_minor=each.unit_minor
            - rounded(each.unit_minor - parts(each.unit_minor, each.tax_class)),
        )
        for each in cart.goods
    )
    shipping = cart.shipping
    if shipping is not None:
        ratio = parts(1, shipping.tax_class) if shipping.tax_class else _net_part(cart, goods)
        shipping = replace(
            shipping,
            rates=tuple(
                replace(
                    each,
                    amount_minor=each.amount_minor
                    - rounded(each.amount_minor - each.amount_minor * ratio),
                )
                for each in shipping.rates
            ),
        )
    taxes = replace(cart.taxes, prices_include_tax=False, taken_out={})
    return replace(cart, goods=goods, shipping=shipping, taxes=taxes)


def _net_part(cart: Cart, goods: tuple[Goods, ...]) -> Fraction:
    """Return the part of the price of goods that is left without its tax."""
    rates = [1 + Fraction(cart.taxes.taken_out[each.tax_class], MILLION) for each in goods]
    net = [each.unit_minor * each.quantity for each in goods]
    if not sum(net):
        return 1 / rates[0]
    gross = sum((part * rate for part, rate in zip(net, rates, strict=True)), Fraction())
    return sum(net) / gross


def _shipping_of(quote: Quote) -> tuple[int, int] | None:
    if quote.shipping is None:
        return None
    left = quote.shipping.price_minor - quote.shipping.discount_minor
    return left, sum(each.tax_minor for each in quote.shipping.taxes)


def _broken_sums(cart: Cart, quote: Quote) -> list[str]:
    """Return the sums of a quote that do not agree."""
    parts = [each.tax for each in quote.lines]
    parts += [] if quote.shipping is None else quote.shipping.taxes
    shipping_total = 0 if quote.shipping is None else quote.shipping.total_minor
    by_line = [
        sum(each.amount_minor for each in quote.adjustments if each.position == place)
        for place in range(1, len(quote.lines) + 1)
    ]
    sums = {
        "adjustments of lines": by_line == [each.discount_minor for each in quote.lines],
        "all adjustments": sum(each.amount_minor for each in quote.adjustments)
        == quote.discount_minor,
        "tax of parts": sum(each.tax_minor for each in parts) == quote.tax_minor,
        "tax of rates": sum(each.tax_minor for each in quote.taxes) == quote.tax_minor,
        "bases of rates": sum(each.base_minor for each in quote.taxes)
        == sum(each.base_minor for each in parts),
        "total": sum(each.total_minor for each in quote.lines) + shipping_total
        == quote.total_minor,
        "nothing below 0": min((each.total_minor for each in quote.lines), default=0) >= 0,
        "shelf prices": not cart.taxes.prices_include_tax
        or quote.total_minor == sum(each.base_minor for each in parts),
    }
    return [f"{name} does not hold" for name, holds in sums.items() if not holds]


def _places(cart: Cart, promotion: Promotion) -> list[int]:
    its = promotion.conditions
    return [
        place
        for place, each in enumerate(cart.goods)
        if (not its.category_ids and not its.product_ids)
        or each.product_id in its.product_ids
        or its.category_ids & each.category_ids
    ]


def _may(cart: Cart, promotion: Promotion, now: datetime) -> bool:
    its, places = promotion.conditions, _places(cart, promotion)
    needs_amount = promotion.effect in (Effect.AMOUNT_ITEMS, Effect.AMOUNT_ORDER)
    return (
        promotion.refusal is None
        and not (its.starts_at and now < its.starts_at)
        and not (its.ends_at and now >= its.ends_at)
        and not (needs_amount and promotion.amount_minor is None)
        and bool(places)
        and sum(cart.goods[each].unit_minor * cart.goods[each].quantity for each in places)
        >= its.min_subtotal_minor
        and sum(cart.goods[each].quantity for each in places)
        >= max(its.min_quantity, promotion.buys + promotion.gets)
    )


def _takes_part(cart: Cart, promotion: Promotion, now: datetime) -> bool:
    plain, reduced = _cost(cart, [], now), _cost(cart, [promotion], now)
    return (plain["left"], plain["shipping"]) != (reduced["left"], reduced["shipping"])


def _cost(cart: Cart, promotions: list[Promotion], now: datetime) -> dict[str, Any]:
    left = [each.unit_minor * each.quantity for each in cart.goods]
    usable = [
        each
        for each in sorted(promotions, key=lambda one: (one.priority, one.id))
        if _may(cart, each, now)
    ]
    kinds = (
        (Effect.PERCENT_ITEMS, Effect.AMOUNT_ITEMS, Effect.BUNDLE),
        (Effect.PERCENT_ORDER, Effect.AMOUNT_ORDER),
    )
    for effects in kinds:
        for promotion in usable:
            if promotion.effect in effects:
                _reduce(cart, promotion, left)
    shipping = _shipping(cart, left)
    if any(each.effect is Effect.FREE_SHIPPING for each in usable) and shipping is not None:
        shipping = 0
    portions = [] if shipping is None else _portions(cart, left, shipping)
    amounts = [
        (cart.taxes.rates[each.tax_class].ppm, part)
        for each, part in zip(cart.goods, left, strict=True)
    ]
    taxes = _taxes(cart, [*amounts, *portions])
    of_goods = taxes[: len(left)]
    is_net = not cart.taxes.prices_include_tax
    return {
        "left": left,
        "taxes": of_goods,
        "totals": [part + tax * is_net for part, tax in zip(left, of_goods, strict=True)],
        "shipping": None if shipping is None else (shipping, sum(taxes[len(left) :])),
        "tax": sum(taxes),
        "total": sum(left) + (shipping or 0) + sum(taxes) * is_net,
    }


def _reduce(cart: Cart, promotion: Promotion, left: list[int]) -> None:
    places = _places(cart, promotion)
    share = Fraction(promotion.percent_ppm, MILLION)
    if promotion.effect is Effect.PERCENT_ITEMS:
        for place in places:
            left[place] -= rounded(left[place] * share)
    elif promotion.effect is Effect.AMOUNT_ITEMS:
        for place in places:
            off = (promotion.amount_minor or 0) * cart.goods[place].quantity
            left[place] = max(0, left[place] - off)
    elif promotion.effect is Effect.BUNDLE:
        units = [place for place in places for _ in range(cart.goods[place].quantity)]
        free = len(units) // (promotion.buys + promotion.gets) * promotion.gets
        cheapest = sorted(units, key=lambda place: (cart.goods[place].unit_minor, place))[:free]
        for place in set(cheapest):
            price = cart.goods[place].unit_minor * cheapest.count(place)
            left[place] -= min(left[place], rounded(price * share))
    else:
        base = sum(left[place] for place in places)
        is_share = promotion.effect is Effect.PERCENT_ORDER
        off = rounded(base * share) if is_share else min(base, promotion.amount_minor or 0)
        if off:
            exact = [Fraction(off * left[place], base) for place in places]
            for place, part in zip(places, apportioned(off, exact), strict=True):
                left[place] -= part


def _shipping(cart: Cart, left: list[int]) -> int | None:
    way = cart.shipping
    weight = sum(each.weight_grams * each.quantity for each in cart.goods)
    if way is None or (way.max_weight_grams is not None and weight > way.max_weight_grams):
        return None
    full = sum(each.unit_minor * each.quantity for each in cart.goods)
    goods = full if way.counts_before_discounts else sum(left)
    found = None
    for rate in sorted(way.rates, key=lambda one: (one.from_weight_grams, one.from_subtotal_minor)):
        if rate.from_weight_grams <= weight and rate.from_subtotal_minor <= goods:
            found = rate.amount_minor
    return found


def _portions(cart: Cart, left: list[int], shipping: int) -> list[tuple[int, int]]:
    rates = cart.taxes.rates
    if cart.shipping is not None and cart.shipping.tax_class is not None:
        return [(rates[cart.shipping.tax_class].ppm, shipping)]
    # An invoice distinguishes 0 % for one reason from 0 % for another one.
    order: list[Rate] = []
    for each in cart.goods:
        if rates[each.tax_class] not in order:
            order.append(rates[each.tax_class])
    goods = [
        sum(
            part for each, part in zip(cart.goods, left, strict=True) if rates[each.tax_class] == it
        )
        for it in order
    ]
    if not sum(goods):
        return [(it.ppm, shipping) for it in order[:1]]
    exact = [Fraction(shipping * each, sum(goods)) for each in goods]
    shares = apportioned(shipping, exact)
    return [(it.ppm, share) for it, share in zip(order, shares, strict=True)]


def _taxes(cart: Cart, amounts: list[tuple[int, int]]) -> list[int]:
    def exact(ppm: int, amount: int) -> Fraction:
        base = MILLION + ppm if cart.taxes.prices_include_tax else MILLION
        return Fraction(amount * ppm, base)

    if cart.taxes.rounding is Rounding.PER_LINE:
        return [rounded(exact(*each)) for each in amounts]
    found = [0] * len(amounts)
    numbered = sorted(enumerate(amounts), key=lambda each: each[1][0])
    for _, group in groupby(numbered, key=lambda each: each[1][0]):
        members = list(group)
        parts = [exact(*amount) for _, amount in members]
        shares = apportioned(rounded(sum(parts, Fraction())), parts)
        for (place, _), share in zip(members, shares, strict=True):
            found[place] = share
    return found
