"""The fields that a promotion may have, and the amounts and ids in them."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from app.core.money import to_minor
from app.errors import InvalidInput
from app.models import Promotion
from app.pricing.terms import Effect
from app.schemas.promotions.promotion_schema import NOT_AFTER, MoneyInput

_PERCENT = ("percent",)
_AMOUNTS = ("amounts",)
_FIELDS: dict[Effect, tuple[str, ...]] = {
    Effect.PERCENT_ITEMS: _PERCENT,
    Effect.AMOUNT_ITEMS: _AMOUNTS,
    Effect.BUNDLE: ("percent", "buys", "gets"),
    Effect.PERCENT_ORDER: _PERCENT,
    Effect.AMOUNT_ORDER: _AMOUNTS,
    Effect.FREE_SHIPPING: (),
}
"""The fields of each effect: the effect needs all of them, and none of the others."""

Reasons = list[tuple[str, str]]


def minor_amounts(name: str, given: Iterable[MoneyInput]) -> dict[str, int]:
    """Return amounts by currency in minor units.

    Raises:
        InvalidInput: an amount does not fit its currency, is zero, or is given twice.
    """
    amounts: dict[str, int] = {}
    reasons: Reasons = []
    for place, each in enumerate(given):
        if each.currency in amounts:
            reasons.append((f"#/{name}/{place}/currency", "has an amount already"))
            continue
        try:
            amounts[each.currency] = _positive(each.amount, each.currency)
        except ValueError as error:
            reasons.append((f"#/{name}/{place}/amount", str(error)))
    if reasons:
        raise InvalidInput.in_body(*reasons)
    return amounts


def _positive(amount: Decimal, currency: str) -> int:
    minor = to_minor(amount, currency)
    if not minor:
        raise ValueError("must be more than 0")
    return minor


def columns_of(given: dict[str, Any]) -> dict[str, Any]:
    """Return the values of fields as columns.

    Raises:
        InvalidInput: an amount is wrong.
    """
    columns = dict(given)
    for name in ("amounts", "min_subtotals"):
        if name in columns:
            columns[name] = minor_amounts(name, columns[name])
    for name in ("category_ids", "product_ids"):
        if name in columns:
            columns[name] = sorted({str(each) for each in columns[name]})
    return columns


def require_fitting(promotion: Promotion) -> None:
    """Require that a promotion has the fields of its effect and no others, and is consistent.

    Raises:
        InvalidInput: a field is missing, or does not fit; each is named.
    """
    own = _FIELDS[promotion.effect]
    values = {
        "percent": promotion.percent_ppm,
        "amounts": promotion.amounts,
        "buys": promotion.buys,
        "gets": promotion.gets,
    }
    reasons: Reasons = []
    for name, value in values.items():
        if name in own and not value:
            reasons.append((f"#/{name}", f"is required for {promotion.effect}"))
        elif name not in own and value:
            reasons.append((f"#/{name}", f"does not fit {promotion.effect}"))
    starts_at, ends_at = promotion.starts_at, promotion.ends_at
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        reasons.append(("#/ends_at", NOT_AFTER))
    reasons += limit_reasons(promotion.usage_limit, promotion.used)
    if reasons:
        raise InvalidInput.in_body(*reasons)


def limit_reasons(usage_limit: int | None, used: int) -> Reasons:
    """Return why a limit does not fit, if it is below what has been used."""
    if usage_limit is None or usage_limit >= used:
        return []
    return [("#/usage_limit", f"must be at least {used}, the number of uses")]


def absent_reasons(name: str, ids: Sequence[str], existing: Iterable[object]) -> Reasons:
    """Return the faults of ids that belong to nothing."""
    known = {str(each) for each in existing}
    return [
        (f"#/{name}/{place}", "does not exist")
        for place, each in enumerate(ids)
        if each not in known
    ]
