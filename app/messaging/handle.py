"""Third step of the pipeline: runs handlers, and isolates the message whose handler fails."""

from app.database.outages import is_outage
from app.database.sessions import AsyncSession
from app.errors import DomainError, Unavailable
from app.messaging.commands import Command, Outcome, Services, queue_caller
from app.messaging.decode import Decoded
from app.messaging.delivery import shared_headers
from app.observability.tracing import restored_request_id
from app.schemas.base import Schema
from app.security.areas import SCOPES
from app.security.principal import Caller
from app.wiring.resources import Shop

# The smallest and the largest number of messages that are handled together. If one of them fails,
# the group is divided by `_PARTS` and handled again, to isolate the failed message.
_TOGETHER = (50, 200)
_PARTS = 4


class HandlerRunner:
    """Runs the handlers of commands, each time in a savepoint."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._together = _TOGETHER[1]

    async def handle(
        self, session: AsyncSession, command: Command, decoded: list[Decoded]
    ) -> dict[str, Outcome | Exception]:
        """Return the result, the refusal, or the exception of the handler by message id."""
        if command.handle_many is None:
            return await self._attempt_each(session, command, _groups(decoded, 1))
        # A message that failed before may fail again, and so would the others of its group.
        tried = [each for each in decoded if each.delivery.attempts]
        fresh = [each for each in decoded if not each.delivery.attempts]
        groups = [*_groups(tried, self._together), *_groups(fresh, self._together)]
        outcomes = await self._attempt_each(session, command, groups)
        least, most = _TOGETHER
        if any(_is_fault(outcomes[each.message_id]) for each in fresh):
            # Failures come in clusters: in smaller groups, less work is repeated.
            self._together = max(self._together // 2, least)
        else:
            self._together = min(self._together * 2, most)
        return outcomes

    async def _attempt_each(
        self, session: AsyncSession, command: Command, groups: list[list[Decoded]]
    ) -> dict[str, Outcome | Exception]:
        if len(groups) > 1 and command.lock is not None:
            # Each group locks in id order, but the sequence of groups does not.
            services = Services(session, self._shop)
            await command.lock(
                services, [_work(command, each) for group in groups for each in group]
            )
        outcomes: dict[str, Outcome | Exception] = {}
        for group in groups:
            outcomes |= await self._attempt(session, command, group)
        return outcomes

    async def _attempt(
        self, session: AsyncSession, command: Command, group: list[Decoded]
    ) -> dict[str, Outcome | Exception]:
        """Handle messages together; if that fails, in smaller groups to isolate the failure."""
        try:
            async with session.begin_nested():
                with restored_request_id(shared_headers([each.delivery for each in group])):
                    outcomes = await self._handle_together(session, command, group)
        except Exception as error:  # pylint: disable=broad-exception-caught  # for the caller
            if isinstance(error, Unavailable) or is_outage(error):
                raise
            if len(group) == 1:
                return {group[0].message_id: error}
        else:
            return {each.message_id: outcome for each, outcome in zip(group, outcomes)}
        parts = _groups(group, -(-len(group) // _PARTS))
        return await self._attempt_each(session, command, parts)

    async def _handle_together(
        self, session: AsyncSession, command: Command, group: list[Decoded]
    ) -> list[Outcome]:
        services = Services(session, self._shop)
        work = [_work(command, each) for each in group]
        if command.handle_many is not None:
            return await command.handle_many(services, work)
        return [await command.handle(services, caller, data) for caller, data in work]


def _groups(messages: list[Decoded], size: int) -> list[list[Decoded]]:
    return [messages[start : start + size] for start in range(0, len(messages), size)]


def _is_fault(outcome: Outcome | Exception) -> bool:
    return isinstance(outcome, Exception) and not isinstance(outcome, DomainError)


def _work(command: Command, decoded: Decoded) -> tuple[Caller, Schema]:
    """Return a command with its caller: the user over HTTP who sent it, or the queue."""
    operation = decoded.operation
    if operation is None:
        caller = Caller(queue_caller(command.queue), scopes=frozenset(SCOPES))
    else:
        caller = Caller(operation.caller, user_id=operation.user_id, role=operation.role)
    return caller, decoded.data
