"""Places the waiting orders of a process together, in one transaction."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from app.database.deadline import CURRENT, Limit
from app.database.outages import is_conflict
from app.errors import DomainError, Unavailable
from app.observability.tracing import batch_span, context_headers
from app.schemas.orders.order_schema import OrderRead
from app.services.batches import Batches
from app.services.orders.drafts.asked_draft import AskedDraft
from app.services.orders.order_service import OrderService
from app.services.orders.placement import AnyAsked, AskedCheckout
from app.services.system.idempotency_service import (
    Answer,
    IdempotencyService,
    KeyClaim,
    refuses_rights,
    request_in_progress,
)

_MAX_TOGETHER = 100
_PARTS = 4
_ALONE_AT_ONCE = 4
# For this time after a row was locked for long, orders that need it are placed separately.
_HELD_SECONDS = 3.0

Outcome = OrderRead | DomainError
Render = Callable[[Outcome], Answer]


class BatchWork(Struct, frozen=True):
    """The services of the transaction of a batch."""

    orders: OrderService
    replies: IdempotencyService


Begin = Callable[[bool], AbstractAsyncContextManager[BatchWork]]
"""Opens a transaction; a hasty one does not wait long for a lock."""


class _CallerLeft(Exception):
    """A caller has disconnected, or was told that the order is not placed."""


@dataclass(slots=True, eq=False)
class _Waiting:
    """An order that waits for its outcome."""

    asked: AnyAsked
    claim: KeyClaim | None
    render: Render
    future: asyncio.Future[Answer]
    limit: Limit | None

    @property
    def needs(self) -> set[UUID]:
        """The rows that are locked for the order."""
        named = {self.asked.named_buyer}
        if isinstance(self.asked, AskedCheckout):
            named.add(self.asked.cart_id)
        elif isinstance(self.asked, AskedDraft):
            named.add(self.asked.draft_id)
        return self.asked.variant_ids | {each for each in named if each is not None}

    def settle(self, outcome: Answer | Exception) -> None:
        """Give the outcome to the caller, if the caller still waits."""
        if self.future.done():
            return
        if isinstance(outcome, Exception):
            self.future.set_exception(outcome)
        else:
            self.future.set_result(outcome)


class _Callers:
    """The limit of a batch, which combines those of all callers."""

    def __init__(self, batch: Sequence[_Waiting]) -> None:
        self._batch = batch

    @contextmanager
    def extended(self) -> Iterator[None]:
        """Keep the limits from interrupting the commit.

        Raises:
            _CallerLeft: a caller no longer waits, so that the order must not be placed.
        """
        if any(each.future.done() for each in self._batch):
            raise _CallerLeft
        with ExitStack() as stack:
            for each in self._batch:
                if each.limit is not None:
                    stack.enter_context(each.limit.extended())
            yield


class OrderBatches:
    """Places orders; those that arrive while a transaction runs form the next batch.

    An order does not wait if no transaction runs. Each caller gets the outcome of the own order: a
    refusal, a fault or a lock of one order does not affect another.
    """

    def __init__(self, begin: Begin) -> None:
        self._begin = begin
        self._batches = Batches(self._place, _MAX_TOGETHER)
        self._keys: set[tuple[str, str]] = set()
        self._alone = asyncio.Semaphore(_ALONE_AT_ONCE)
        self._held_until: dict[UUID, float] = {}

    async def place(self, asked: AnyAsked, claim: KeyClaim | None, render: Render) -> Answer:
        """Place an order; return its rendered response, or that to the first request with its key.

        Raises:
            RequestInProgress, IdempotencyKeyReused: the key is in use, or was used for another one.
            DomainError: the order is refused.
            Unavailable: the database does not answer, or a row that the order needs is locked.
        """
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        headers = context_headers() if asked.headers is None else asked.headers
        asked = replace(asked, headers=headers)
        with self._reserved(claim):
            self._enter(_Waiting(asked, claim, render, future, CURRENT.get()))
            return await future

    @contextmanager
    def _reserved(self, claim: KeyClaim | None) -> Iterator[None]:
        if claim is None:
            yield
            return
        if claim.owned_key in self._keys:
            raise request_in_progress()
        self._keys.add(claim.owned_key)
        try:
            yield
        finally:
            self._keys.discard(claim.owned_key)

    def _enter(self, order: _Waiting) -> None:
        if self._needs_held(order):
            self._batches.start(self._place_alone(order))
        else:
            self._batches.add(order)

    async def _place(self, batch: Sequence[_Waiting]) -> None:
        batch = [each for each in batch if not each.future.done()]
        if not batch:
            return
        try:
            outcomes = await self._commit(batch, is_hasty=True)
        except _CallerLeft:
            await self._place(batch)
        except Unavailable as error:
            if is_conflict(error):
                await self._divide(batch)
                return
            for each in batch:
                each.settle(error.copied())
        except Exception as error:  # pylint: disable=broad-exception-caught  # for the callers
            if len(batch) == 1:
                batch[0].settle(error)
                return
            size = -(-len(batch) // _PARTS)
            for start in range(0, len(batch), size):
                await self._place(batch[start : start + size])
        else:
            for each, outcome in zip(batch, outcomes, strict=True):
                each.settle(outcome)

    async def _divide(self, batch: Sequence[_Waiting]) -> None:
        """Place orders together again, and separately those that need rows locked by others."""
        locked: set[UUID] = set()
        if len(batch) > 1:
            with suppress(Unavailable):
                async with self._begin(True) as work:
                    locked = await work.orders.locked_by_others([each.asked for each in batch])
        self._hold(locked)
        free = [each for each in batch if locked and locked.isdisjoint(each.needs)]
        for each in batch:
            if each not in free:
                self._batches.start(self._place_alone(each))
        await self._place(free)

    async def _place_alone(self, order: _Waiting) -> None:
        """Place an order that may have to wait for a lock, concurrently with the others."""
        async with self._alone:
            if order.future.done():
                return
            try:
                outcomes = await self._commit([order], is_hasty=False)
            except _CallerLeft:
                return
            except Exception as error:  # pylint: disable=broad-exception-caught  # for the caller
                if isinstance(error, Unavailable) and is_conflict(error):
                    self._hold(self._held_until.keys() & order.needs or order.needs)
                order.settle(error)
            else:
                order.settle(outcomes[0])

    async def _commit(
        self, batch: Sequence[_Waiting], *, is_hasty: bool
    ) -> list[Answer | DomainError]:
        CURRENT.set(_Callers(batch))
        headers = [each.asked.headers or {} for each in batch]
        with batch_span("place orders", "INTERNAL", headers):
            async with self._begin(is_hasty) as work:
                return await _outcomes_of(work, batch)

    def _needs_held(self, order: _Waiting) -> bool:
        if not self._held_until:
            return False
        now = time.monotonic()
        self._held_until = {each: end for each, end in self._held_until.items() if end > now}
        return not self._held_until.keys().isdisjoint(order.needs)

    def _hold(self, ids: Iterable[UUID]) -> None:
        self._held_until |= dict.fromkeys(ids, time.monotonic() + _HELD_SECONDS)


async def _outcomes_of(work: BatchWork, batch: Sequence[_Waiting]) -> list[Answer | DomainError]:
    """Place the orders of a batch whose keys are new; return the outcome of each."""
    firsts = await _firsts_of(work.replies, batch)
    fresh = [each for each in batch if firsts.get(each) is None]
    placed = await work.orders.place_many([each.asked for each in fresh]) if fresh else []
    outcomes: dict[_Waiting, Answer | DomainError] = {}
    answered: list[tuple[KeyClaim, Answer]] = []
    for each, outcome in zip(fresh, placed, strict=True):
        answer = each.render(outcome)
        outcomes[each] = outcome if isinstance(outcome, DomainError) else answer
        if each.claim is not None:
            answered.append((each.claim, answer))
    if answered:
        await work.replies.finish_many(answered)
    for each, first in firsts.items():
        if first is not None:
            outcomes[each] = await _repeated(work.orders, each.asked, first)
    return [outcomes[each] for each in batch]


async def _firsts_of(
    replies: IdempotencyService, batch: Sequence[_Waiting]
) -> dict[_Waiting, Answer | DomainError | None]:
    claims = {each: each.claim for each in batch if each.claim is not None}
    if not claims:
        return {}
    return dict(zip(claims, await replies.begin_many(list(claims.values())), strict=True))


async def _repeated(
    orders: OrderService, asked: AnyAsked, first: Answer | DomainError
) -> Answer | DomainError:
    """Return the first response, unless the caller has lost the right to it since then."""
    if isinstance(first, DomainError):
        return first
    if not asked.caller.has_rights_of(first.role):
        refusal = await orders.refusal_of(asked)
        if refusal is not None and refuses_rights(refusal.status):
            return refusal
    return first.replayed()
