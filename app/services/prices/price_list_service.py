"""Price lists and their prices."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.core.clock import Clock
from app.core.ids import new_id
from app.core.money import format_minor, to_minor
from app.errors import DefaultPriceList, InvalidInput
from app.models import PriceList
from app.repositories.prices.price_list_repository import PriceListRepository
from app.repositories.prices.price_repository import PriceRepository
from app.schemas.prices.price_list_schema import (
    NOT_AFTER,
    PriceListChange,
    PriceListCreate,
    PriceListPage,
    PriceListQuery,
    PriceListRead,
)
from app.schemas.prices.price_schema import (
    PriceChange,
    PriceListPricesQuery,
    PricePage,
    PriceRead,
    PricesChange,
    PricesChanged,
)
from app.security.areas.catalogue import CatalogueAudited
from app.security.principal import Caller
from app.services.preconditions import require_match
from app.services.prices.price_changes import PriceChanges
from app.services.system.audit_service import AuditService

Amounts = tuple[int | None, int | None]
"""A price and the higher one that is shown next to it."""


class PriceListService:
    """Adds, returns, changes and deletes price lists, and sets their prices."""

    def __init__(
        self,
        lists: PriceListRepository,
        prices: PriceRepository,
        changes: PriceChanges,
        audit: AuditService,
        clock: Clock,
        currency: str,
    ) -> None:
        self._lists = lists
        self._prices = prices
        self._changes = changes
        self._audit = audit
        self._clock = clock
        self._currency = currency

    async def add(self, data: PriceListCreate) -> PriceListRead:
        """Add a price list without prices.

        Raises:
            PriceListExists: another price list has the code.
        """
        now = self._clock.now()
        added = PriceList(
            id=new_id(now),
            is_default=False,
            is_listed=False,
            created_at=now,
            updated_at=now,
            version=1,
            **data.model_dump() | {"currency": data.currency or self._currency},
        )
        # A new list has no prices that could be shown.
        added.is_listed = added.applies_at(now)
        return PriceListRead.model_validate(await self._lists.add(added))

    async def has_default(self, currency: str) -> bool:
        """Return whether a currency has a list with its ordinary prices."""
        return currency in await self._lists.default_currencies()

    async def add_default(self, currency: str) -> None:
        """Add the list with the ordinary prices of a currency, unless it exists.

        Raises:
            PriceListExists: another process has added it, or its code is that of another list.
        """
        if await self.has_default(currency):
            return
        now = self._clock.now()
        await self._lists.add(
            PriceList(
                id=new_id(now),
                code=f"{currency.lower()}-default",
                name=f"Prices in {currency}",
                currency=currency,
                is_default=True,
                is_active=True,
                is_listed=True,
                created_at=now,
                updated_at=now,
                version=1,
            )
        )

    async def get(self, list_id: UUID) -> PriceListRead:
        """Return a price list.

        Raises:
            PriceListNotFound: the price list does not exist.
        """
        return PriceListRead.model_validate(await self._lists.get(list_id))

    async def find(self, query: PriceListQuery) -> PriceListPage:
        """Return a page of price lists."""
        found, following = await self._lists.find(query)
        return PriceListPage(
            items=[PriceListRead.model_validate(each) for each in found], next=following
        )

    async def change(
        self, list_id: UUID, change: PriceListChange, if_match: str | None = None
    ) -> PriceListRead:
        """Change a price list.

        Raises:
            PriceListNotFound, PreconditionFailed: nothing is changed.
            DefaultPriceList: the prices of the list would not always count.
            InvalidInput: the list would end before it starts.
        """
        price_list = await self._lists.get(list_id, lock=True)
        require_match(if_match, PriceListRead.model_validate(price_list))
        for name, value in change.changes().items():
            setattr(price_list, name, value)
        starts_at, ends_at = price_list.starts_at, price_list.ends_at
        if starts_at is not None and ends_at is not None and ends_at <= starts_at:
            raise InvalidInput.in_body(("#/ends_at", NOT_AFTER))
        if price_list.is_default and (starts_at or ends_at or not price_list.is_active):
            raise _always_counts(price_list)
        _count_change(price_list, self._clock.now())
        await self._lists.flush()
        await self._changes.follow(price_list)
        return PriceListRead.model_validate(price_list)

    async def delete(self, list_id: UUID, if_match: str | None = None) -> None:
        """Delete a price list with its prices, which no longer count.

        Raises:
            PriceListNotFound: the price list does not exist.
            DefaultPriceList: the prices of the list always count.
            PreconditionFailed: the resource has changed since the caller read it.
        """
        price_list = await self._lists.get(list_id, lock=True)
        require_match(if_match, PriceListRead.model_validate(price_list))
        if price_list.is_default:
            raise _always_counts(price_list)
        price_list.archived_at = self._clock.now()
        await self._lists.flush()
        await self._changes.follow(price_list)

    async def find_prices(self, list_id: UUID, query: PriceListPricesQuery) -> PricePage:
        """Return a page of the prices of a list.

        Raises:
            PriceListNotFound: the price list does not exist.
        """
        price_list = await self._lists.get(list_id)
        rows, following = await self._prices.find(list_id, query)
        return PricePage(
            items=[_shown(row).in_currency(price_list.currency) for row in rows], next=following
        )

    async def set_prices(
        self, caller: Caller, list_id: UUID, data: PricesChange, if_match: str | None = None
    ) -> PricesChanged:
        """Set and remove prices of a list, all of them or none.

        Raises:
            PriceListNotFound: the price list does not exist.
            PreconditionFailed: the list, without its prices, has changed since the caller read it.
            InvalidInput: a variant does not exist or is named twice, or an amount does not fit the
                currency of the list; each is named.
        """
        price_list = await self._lists.get(list_id, lock=True)
        require_match(if_match, PriceListRead.model_validate(price_list))
        variants = await self._prices.of_variants(
            list_id, {each.variant_id for each in data.prices}
        )
        new = _amounts(data.prices, variants, price_list.currency)
        changed = {
            each: amounts
            for each, amounts in new.items()
            if amounts != (variants[each].amount_minor, variants[each].compare_at_minor)
        }
        await self._store(price_list, changed, variants)
        await self._record(caller, price_list, changed, variants)
        removed = [each for each, (amount, _) in changed.items() if amount is None]
        set_count = sum(amount is not None for amount, _ in new.values())
        return PricesChanged(set_count=set_count, removed_count=len(removed))

    async def _store(
        self, price_list: PriceList, changed: Mapping[UUID, Amounts], variants: Mapping[UUID, Any]
    ) -> None:
        if not changed:
            return
        now = self._clock.now()
        await self._prices.replace(
            [
                {
                    "price_list_id": price_list.id,
                    "variant_id": each,
                    "amount_minor": amount,
                    "compare_at_minor": compare_at,
                }
                for each, (amount, compare_at) in changed.items()
                if amount is not None
            ]
        )
        removed = [each for each, (amount, _) in changed.items() if amount is None]
        await self._prices.remove(price_list.id, removed)
        _count_change(price_list, now)
        await self._lists.flush()
        if price_list.applies_at(now):
            await self._changes.derive({variants[each].product_id for each in changed})

    async def _record(
        self,
        caller: Caller,
        price_list: PriceList,
        changed: Mapping[UUID, Amounts],
        variants: Mapping[UUID, Any],
    ) -> None:
        def shown(minor: int | None) -> str | None:
            return None if minor is None else format_minor(minor, price_list.currency)

        details = {
            each: {
                "price_list": price_list.code,
                "from": shown(variants[each].amount_minor),
                "to": shown(amount),
            }
            for each, (amount, _) in changed.items()
        }
        await self._audit.record_all(CatalogueAudited.PRICE_CHANGED, caller, details)


def _always_counts(price_list: PriceList) -> DefaultPriceList:
    return DefaultPriceList(
        f"{price_list.code} has the ordinary prices in {price_list.currency}",
        id=str(price_list.id),
    )


def _count_change(price_list: PriceList, now: datetime) -> None:
    price_list.updated_at = now
    price_list.version += 1


def _shown(row: Any) -> PriceRead:
    compared = {} if row.compare_at_minor is None else {"compare_at_minor": row.compare_at_minor}
    return PriceRead(
        variant_id=row.variant_id,
        product_id=row.product_id,
        sku=row.sku,
        amount_minor=row.amount_minor,
        **compared,
    )


def _amounts(
    prices: Sequence[PriceChange], variants: Mapping[UUID, Any], currency: str
) -> dict[UUID, Amounts]:
    """Return the amounts of variants, None for a price to be removed.

    Raises:
        InvalidInput: the error names each wrong row.
    """
    found: dict[UUID, Amounts] = {}
    reasons: list[tuple[str, str]] = []
    for place, each in enumerate(prices):
        pointer = f"#/prices/{place}"
        if each.variant_id not in variants:
            reasons.append((f"{pointer}/variant_id", "is not a variant of the shop"))
        elif each.variant_id in found:
            reasons.append((f"{pointer}/variant_id", "is named twice"))
        try:
            found[each.variant_id] = _amounts_of(each, currency)
        except _WrongAmount as error:
            reasons.append((f"{pointer}/{error.member}", str(error)))
            found[each.variant_id] = (None, None)
    if reasons:
        raise InvalidInput.in_body(*reasons)
    return found


class _WrongAmount(ValueError):
    """An amount that a price list cannot have."""

    def __init__(self, member: str, reason: object) -> None:
        super().__init__(str(reason))
        self.member = member


def _amounts_of(price: PriceChange, currency: str) -> Amounts:
    amount = _minor("amount", price.amount, currency)
    compare_at = _minor("compare_at_price", price.compare_at_price, currency)
    if compare_at is not None and (amount is None or compare_at <= amount):
        raise _WrongAmount("compare_at_price", "must be more than the amount")
    return amount, compare_at


def _minor(member: str, amount: Decimal | None, currency: str) -> int | None:
    try:
        return None if amount is None else to_minor(amount, currency)
    except ValueError as error:
        raise _WrongAmount(member, error) from error
