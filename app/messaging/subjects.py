"""Decides which commands wait because the resource that they change does not exist yet."""

from collections.abc import Collection, Sequence
from uuid import UUID

from app.errors import DomainError
from app.messaging.commands import Command
from app.messaging.decode import Decoded, Refusal
from app.services.messaging.waiting_command_service import WaitingCommandService


async def hold_back(
    waiting_commands: WaitingCommandService, command: Command, decoded: Sequence[Decoded]
) -> tuple[list[Decoded], list[Refusal]]:
    """Return the commands that can be handled, and those whose predecessor still waits."""
    subject = command.subject
    if subject is None:
        return list(decoded), []
    subjects = {id(each): subject.id_of(each.data) for each in decoded if _may_wait(each)}
    waiting = await waiting_commands.awaited_among(command.queue, set(subjects.values()))
    ready: list[Decoded] = []
    held: list[Refusal] = []
    for each in decoded:
        awaited = subjects.get(id(each))
        if awaited is not None and awaited in waiting:
            held.append(Refusal(each.delivery, subject.missing.of(awaited), awaited))
        else:
            ready.append(each)
    return ready, held


def awaited_by(
    command: Command, decoded: Decoded, error: DomainError, waiting: Collection[UUID]
) -> UUID | None:
    """Return the resource for which a refused command is to wait, or None.

    It waits if the resource does not exist, or if an earlier command of its batch waits for it.
    """
    if command.subject is None or not _may_wait(decoded):
        return None
    awaited = command.subject.id_of(decoded.data)
    does_wait = isinstance(error, command.subject.missing) or awaited in waiting
    return awaited if does_wait else None


def _may_wait(decoded: Decoded) -> bool:
    # A caller over HTTP refers to an existing resource, and waits for the result.
    return decoded.operation is None and not decoded.delivery.has_waited
