"""Shipping methods and their rates, as administrators manage them."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from app.core.clock import Clock
from app.core.ids import new_id
from app.core.money import to_minor
from app.errors import InvalidInput
from app.models import ShippingMethod, ShippingRate
from app.repositories.shipping.shipping_method_repository import ShippingMethodRepository
from app.schemas.shipping.shipping_method_schema import (
    TOO_SHORT,
    ShippingMethodChange,
    ShippingMethodCreate,
    ShippingMethodPage,
    ShippingMethodQuery,
    ShippingMethodRead,
    ShippingRateInput,
    is_too_short,
)
from app.security.areas.shipping import ShippingAudited
from app.security.principal import Caller
from app.services.preconditions import require_match
from app.services.system.audit_service import AuditService


class ShippingMethodService:
    """Adds, returns, changes and deletes shipping methods."""

    def __init__(
        self, methods: ShippingMethodRepository, audit: AuditService, clock: Clock
    ) -> None:
        self._methods = methods
        self._audit = audit
        self._clock = clock

    async def add(self, caller: Caller, data: ShippingMethodCreate) -> ShippingMethodRead:
        """Add a shipping method.

        Raises:
            InvalidInput: a rate is given twice, or an amount does not fit its currency.
        """
        now = self._clock.now()
        method = ShippingMethod(
            id=new_id(now),
            created_at=now,
            updated_at=now,
            version=1,
            rates=_rates(data.rates),
            **data.model_dump(exclude={"rates"}),
        )
        added = ShippingMethodRead.model_validate(await self._methods.add(method))
        await self._audit.record(ShippingAudited.METHOD_ADDED, caller, method.id, **_detail(added))
        return added

    async def get(self, method_id: UUID) -> ShippingMethodRead:
        """Return a shipping method.

        Raises:
            ShippingMethodNotFound: the shipping method does not exist.
        """
        return ShippingMethodRead.model_validate(await self._methods.get(method_id))

    async def find(self, query: ShippingMethodQuery) -> ShippingMethodPage:
        """Return a page of shipping methods."""
        found, following = await self._methods.find(query)
        return ShippingMethodPage(
            items=[ShippingMethodRead.model_validate(each) for each in found], next=following
        )

    async def change(
        self,
        caller: Caller,
        method_id: UUID,
        change: ShippingMethodChange,
        if_match: str | None = None,
    ) -> ShippingMethodRead:
        """Change a shipping method; given rates replace all rates.

        Raises:
            ShippingMethodNotFound, PreconditionFailed: nothing is changed.
            InvalidInput: a rate is given twice, an amount does not fit its currency, or the days do
                not fit each other.
        """
        method = await self._methods.get(method_id, lock=True)
        require_match(if_match, ShippingMethodRead.model_validate(method))
        changes = dict(change.changes())
        if "rates" in changes:
            _replace_rates(method, _rates(change.rates))
            del changes["rates"]
        for name, value in changes.items():
            setattr(method, name, value)
        if is_too_short(method.min_days, method.max_days):
            place = "max_days" if "max_days" in changes else "min_days"
            raise InvalidInput.in_body((f"#/{place}", TOO_SHORT if place == "max_days" else LONG))
        method.updated_at = self._clock.now()
        method.version += 1
        await self._methods.flush()
        changed = ShippingMethodRead.model_validate(method)
        await self._audit.record(
            ShippingAudited.METHOD_CHANGED, caller, method_id, **_detail(changed)
        )
        return changed

    async def delete(self, caller: Caller, method_id: UUID, if_match: str | None = None) -> None:
        """Delete a shipping method with its rates.

        Raises:
            ShippingMethodNotFound: the shipping method does not exist.
            PreconditionFailed: the resource has changed since the caller read it.
        """
        method = await self._methods.get(method_id, lock=True)
        shown = ShippingMethodRead.model_validate(method)
        require_match(if_match, shown)
        detail = _detail(shown)
        await self._methods.delete(method)
        await self._audit.record(ShippingAudited.METHOD_DELETED, caller, method_id, **detail)


LONG = "must be at most max_days"


def _detail(method: ShippingMethodRead) -> dict[str, object]:
    """Return the name and the rates of a method for the audit trail."""
    return method.model_dump(mode="json", by_alias=True, include={"name", "is_active", "rates"})


def _key(rate: ShippingRate) -> tuple[str, int, int]:
    return rate.currency, rate.from_weight_grams, rate.from_subtotal_minor


def _replace_rates(method: ShippingMethod, rates: Sequence[ShippingRate]) -> None:
    """Replace the rates, keeping the row of each threshold that stays."""
    former = {_key(each): each for each in method.rates}
    kept: list[ShippingRate] = []
    for each in sorted(rates, key=_key):
        row = former.get(_key(each), each)
        row.amount_minor = each.amount_minor
        kept.append(row)
    method.rates = kept


def _rates(given: Sequence[ShippingRateInput]) -> list[ShippingRate]:
    """Return the rows of rates, in their order.

    Raises:
        InvalidInput: the error names each wrong row.
    """
    rows: dict[tuple[str, int, int], ShippingRate] = {}
    reasons: list[tuple[str, str]] = []
    for place, each in enumerate(given):
        minor: dict[str, int] = {}
        for member in ("from_subtotal", "amount"):
            amount: Decimal = getattr(each, member)
            try:
                minor[member] = to_minor(amount, each.currency)
            except ValueError as error:
                reasons.append((f"#/rates/{place}/{member}", str(error)))
        if len(minor) == 2:
            row = ShippingRate(
                currency=each.currency,
                from_weight_grams=each.from_weight_grams,
                from_subtotal_minor=minor["from_subtotal"],
                amount_minor=minor["amount"],
            )
            if _key(row) in rows:
                reasons.append((f"#/rates/{place}", "has the thresholds of another rate"))
            rows[_key(row)] = row
    if reasons:
        raise InvalidInput.in_body(*reasons)
    return [rows[key] for key in sorted(rows)]
