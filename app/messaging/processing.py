"""Applies messages once each, tries again what may succeed later, and parks what never will."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from app.database.outages import is_database_error
from app.database.sessions import AsyncSession
from app.errors import DomainError, InvalidInput, NotAppliedAgain, Unavailable
from app.messaging.commands import COMMANDS, Command
from app.messaging.delivery import EXPIRED, Delivery, Parsed, shared_headers
from app.messaging.handling import Handling
from app.models import Operation
from app.observability.tracing import carried_on, received
from app.schemas.base import decode_json
from app.services.messaging.inbox_service import RETENTION
from app.wiring.messaging import provide_dead_letters, provide_inbox, provide_operations
from app.wiring.resources import Shop

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 256 * 1024
MAX_ATTEMPTS = 8
_FIRST_DELAY = timedelta(seconds=1)
_LONGEST_DELAY = timedelta(minutes=5)
# RabbitMQ takes a message back from a consumer that has not settled it for half an hour.
_REDELIVERY_WINDOW = timedelta(hours=1)
_MAX_STARTS = 3
_HOLD_SECONDS = (0.2, 10.0)

_Refusal = tuple[Delivery, str, DomainError]


class Processor:
    """Takes messages of one queue at a time; when it returns, what became of them is committed."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._begun: set[tuple[str, str]] = set()
        self._handling = Handling(shop)

    async def process(self, deliveries: Sequence[Delivery]) -> None:
        """Apply, postpone or park messages of one queue; while the database is away, hold them."""
        wait, longest = _HOLD_SECONDS
        while True:
            try:
                told = [each.headers for each in deliveries]
                with carried_on(shared_headers(deliveries)), received(deliveries[0].queue, told):
                    await self._process(deliveries)
                return
            except Unavailable:
                pass
            except Exception:  # pylint: disable=broad-exception-caught  # an entry point of its own
                # The shop may not end by a message: it would come again after the restart.
                logger.exception("messages of queue %s are held", deliveries[0].queue)
                wait = longest
            # Not returned to the broker: each return counts against innocent messages, too.
            await asyncio.sleep(wait)
            wait = min(wait * 2, longest)

    async def _process(self, deliveries: Sequence[Delivery]) -> None:
        for suspect in (each for each in deliveries if each.is_suspect):
            await self._process_suspect(suspect)
        others = [each for each in deliveries if not each.is_suspect]
        if others:
            await self._process_together(others)

    async def _process_together(self, deliveries: Sequence[Delivery]) -> None:
        try:
            await self._apply(deliveries)
        except Unavailable:
            raise
        except Exception as error:  # pylint: disable=broad-exception-caught  # sorted out below
            # Not a fault of a handler, which has a savepoint.
            if len(deliveries) > 1:
                for each in deliveries:
                    await self._process_together([each])
            else:
                await self._settle_alone(deliveries[0], error)

    async def _settle_alone(self, delivery: Delivery, error: Exception) -> None:
        try:
            async with self._shop.database.write() as session:
                await self._settle_failed(session, delivery, error)
        except Unavailable:
            raise
        except Exception:  # pylint: disable=broad-exception-caught  # nothing else may stop it here
            logger.exception("message %s of queue %s is put away", _id_of(delivery), delivery.queue)
            # No word of the message or of the fault that the database could refuse.
            reason = "it failed, and so did the note of why: the log has both"
            async with self._shop.database.write() as session:
                await provide_dead_letters(session, self._shop).park(
                    delivery.queue, delivery.own_id, delivery.body, HandlerFailed.code, reason, 1
                )

    async def _process_suspect(self, delivery: Delivery) -> None:
        """Apply a message that may have killed a process, with a durable mark at its start."""
        key = delivery.message_id or delivery.digest.hex()
        # A start that this process has outlived, as when the database was away, killed nobody.
        if (delivery.queue, key) not in self._begun and not await self._begin(delivery, key):
            return
        await self._process_together([delivery])
        async with self._shop.database.write() as session:
            await provide_inbox(session, self._shop).forget_start(delivery.queue, key)
        self._begun.discard((delivery.queue, key))

    async def _begin(self, delivery: Delivery, key: str) -> bool:
        """Note the start of a message, or park it if it has killed too many; tell which."""
        async with self._shop.database.write() as session:
            inbox = provide_inbox(session, self._shop)
            starts = await inbox.note_start(delivery.queue, key)
            if starts > _MAX_STARTS:
                letters = provide_dead_letters(session, self._shop)
                reason = f"the process that began it died {starts - 1} times"
                await letters.park(
                    delivery.queue, _id_of(delivery), delivery.body, "deadly", reason, starts
                )
                await inbox.forget_start(delivery.queue, key)
                return False
        self._begun.add((delivery.queue, key))
        return True

    async def _apply(self, deliveries: Sequence[Delivery]) -> None:
        command = COMMANDS[deliveries[0].queue]
        running = await self._note_running(deliveries)
        async with self._shop.database.write() as session:
            operations = await provide_operations(session, self._shop).of_messages(
                command.queue, running
            )
            parsed, unread = await self._parse(session, command, deliveries, operations)
            fresh, reused = await self._claim(session, parsed)
            outcomes = await self._handling.handle(session, command, fresh)
            refused: list[_Refusal] = []
            for each in fresh:
                outcome = outcomes[each.message_id]
                if isinstance(outcome, DomainError):
                    refused.append((each.delivery, each.message_id, outcome))
                elif isinstance(outcome, Exception):
                    await self._settle_failed(session, each.delivery, outcome)
                elif each.operation is not None:
                    provide_operations(session, self._shop).note_success(each.operation, outcome)
            # Only what was claimed: an unread one may have the id of another that had its effect.
            await provide_inbox(session, self._shop).release(
                command.queue,
                [each for each, outcome in outcomes.items() if isinstance(outcome, Exception)],
            )
            await self._settle_refused(session, command, [*unread, *reused, *refused], operations)

    async def _note_running(self, deliveries: Sequence[Delivery]) -> list[UUID]:
        """Note which commands are begun, for all to see; return the operations that they are."""
        ids = [each for each in map(_operation_id, deliveries) if each is not None]
        if not ids:
            return []
        async with self._shop.database.read() as session:
            queue = deliveries[0].queue
            ids = list(await provide_operations(session, self._shop).ids_among(queue, ids))
        if ids:
            async with self._shop.database.write() as session:
                await provide_operations(session, self._shop).note_running(ids)
        return ids

    async def _parse(
        self,
        session: AsyncSession,
        command: Command,
        deliveries: Sequence[Delivery],
        operations: Mapping[str, Operation],
    ) -> tuple[list[Parsed], list[_Refusal]]:
        parsed: list[Parsed] = []
        refused: list[_Refusal] = []
        for delivery in deliveries:
            message_id = _id_of(delivery)
            try:
                if delivery.returned_for == EXPIRED:
                    raise MessageExpired("it waited longer on its queue than it was allowed to")
                if len(delivery.body) > MAX_BODY_BYTES:
                    raise InvalidInput(
                        f"the body has {len(delivery.body)} bytes and may have {MAX_BODY_BYTES}"
                    )
                await self._require_unambiguous(session, delivery)
                data = command.schema.parse(decode_json(delivery.body))
            except DomainError as error:
                refused.append((delivery, message_id, error))
            else:
                parsed.append(Parsed(delivery, message_id, data, operations.get(message_id)))
        return parsed, refused

    async def _require_unambiguous(self, session: AsyncSession, delivery: Delivery) -> None:
        if delivery.message_id is not None or not delivery.is_redelivered:
            return
        inbox = provide_inbox(session, self._shop)
        # What the broker has returned was delivered before at any time.
        within = RETENTION if delivery.returned_for else _REDELIVERY_WINDOW
        if await inbox.has_similar(delivery.queue, delivery.digest, within):
            raise NotAppliedAgain(
                "it has no message_id and comes again, and one of the same body was applied: "
                "whether that was this one nobody can tell"
            )

    async def _claim(
        self, session: AsyncSession, parsed: list[Parsed]
    ) -> tuple[list[Parsed], list[_Refusal]]:
        """Return the messages that are new, and those that have the id of another one."""
        if not parsed:
            return [], []
        inbox, queue = provide_inbox(session, self._shop), parsed[0].delivery.queue
        first: dict[str, Parsed] = {}
        for each in parsed:
            first.setdefault(each.message_id, each)
        claimed = await inbox.claim(
            queue, {message_id: each.delivery.digest for message_id, each in first.items()}
        )
        fresh = [each for message_id, each in first.items() if message_id in claimed]
        # Twice in one batch it is applied once, too.
        known = [
            each
            for each in parsed
            if each.message_id not in claimed or each is not first[each.message_id]
        ]
        digests = await inbox.digests_of(queue, {each.message_id for each in known})
        others = [each for each in known if digests[each.message_id] != each.delivery.digest]
        return fresh, [(each.delivery, each.message_id, _id_of_another()) for each in others]

    async def _settle_refused(
        self,
        session: AsyncSession,
        command: Command,
        refused: list[_Refusal],
        operations: Mapping[str, Operation],
    ) -> None:
        for delivery, message_id, error in refused:
            if isinstance(error, Unavailable):
                raise error
            may_pass = command.overtaken is not None and isinstance(error, command.overtaken)
            # Who asks over HTTP has the id of something that is there, and waits for an answer.
            is_asked = message_id in operations
            with carried_on(delivery.headers):
                if may_pass and not is_asked and delivery.attempts + 1 < MAX_ATTEMPTS:
                    await self._postpone(session, delivery, message_id)
                else:
                    await self._park(session, delivery, message_id, error)

    async def _settle_failed(
        self, session: AsyncSession, delivery: Delivery, error: Exception
    ) -> None:
        """Deal with a message that has failed in a way that nobody foresaw."""
        message_id = _id_of(delivery)
        logger.error("message %s of queue %s failed", message_id, delivery.queue, exc_info=error)
        with carried_on(delivery.headers):
            if delivery.attempts + 1 < MAX_ATTEMPTS:
                await self._postpone(session, delivery, message_id)
                return
            kind = "database" if is_database_error(error) else type(error).__name__
            failure = HandlerFailed(f"it failed {MAX_ATTEMPTS} times, with {kind} the last time")
            await self._park(session, delivery, message_id, failure)

    async def _postpone(self, session: AsyncSession, delivery: Delivery, message_id: str) -> None:
        delay = min(_FIRST_DELAY * 2**delivery.attempts, _LONGEST_DELAY)
        again = replace(delivery, message_id=message_id, attempts=delivery.attempts + 1)
        letters = provide_dead_letters(session, self._shop)
        await letters.postpone(again.queue, message_id, again.body, again.attempts, delay)
        operation_id = _operation_id(again)
        if operation_id is not None:
            await provide_operations(session, self._shop).note_attempt(again.queue, operation_id)

    async def _park(
        self, session: AsyncSession, delivery: Delivery, message_id: str, error: DomainError
    ) -> None:
        letters = provide_dead_letters(session, self._shop)
        await letters.park(
            delivery.queue,
            message_id,
            delivery.body,
            error.code,
            _words(error),
            delivery.attempts + 1,
        )
        operation_id = _operation_id(delivery)
        if operation_id is not None:
            operations = provide_operations(session, self._shop)
            await operations.note_failure(delivery.queue, operation_id, error)


class MessageExpired(DomainError):
    """The broker took a message from its queue because its time was over."""

    code, title, status = "expired", "The message came too late", 409


class HandlerFailed(DomainError):
    """A handler failed, again and again, by a fault of the shop's own."""

    code, title, status = "handler-failed", "The shop could not do it", 500


def _id_of(delivery: Delivery) -> str:
    return delivery.message_id or delivery.own_id


def _id_of_another() -> NotAppliedAgain:
    return NotAppliedAgain("its message_id was that of another message, which was applied")


def _operation_id(delivery: Delivery) -> UUID | None:
    """Return the operation that a message may carry out: those of ours are named by it."""
    try:
        return UUID(delivery.message_id or "")
    except ValueError:
        return None


def _words(error: DomainError) -> str:
    errors = error.context.get("errors", ())
    details = "; ".join(f"{each.get('pointer', '')} {each['detail']}".strip() for each in errors)
    words = f"{error.detail}: {details}" if details else error.detail
    # The name of a field may have it, and PostgreSQL keeps no text that does.
    return words.replace("\0", "\\0")
