"""First step of the pipeline: from the body of a message to a validated command."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from msgspec import Struct

from app.errors import DomainError, InvalidInput
from app.messaging.commands import Command
from app.messaging.delivery import EXPIRED, Delivery
from app.models import Operation
from app.schemas.base import Schema, decode_json


class Decoded(Struct, frozen=True):
    """A message whose body matches the schema of its queue."""

    delivery: Delivery
    data: Schema
    operation: Operation | None = None
    """The operation of a caller over HTTP, if the message came from one."""

    @property
    def message_id(self) -> str:
        """The id under which the message is stored."""
        return self.delivery.stored_id


class Refusal(Struct, frozen=True):
    """A message that is not applied, and the reason."""

    delivery: Delivery
    error: DomainError
    awaits: UUID | None = None
    """The id of the resource that the message changes, if the message is to wait for it."""


def decode(
    command: Command, deliveries: Sequence[Delivery], operations: Mapping[str, Operation]
) -> tuple[list[Decoded], list[Refusal]]:
    """Return the messages that are valid commands, and the others with their reasons."""
    decoded: list[Decoded] = []
    refused: list[Refusal] = []
    for delivery in deliveries:
        try:
            data = _parse(command, delivery)
        except DomainError as error:
            refused.append(Refusal(delivery, error))
        else:
            decoded.append(Decoded(delivery, data, operations.get(delivery.stored_id)))
    return decoded, refused


def _parse(command: Command, delivery: Delivery) -> Schema:
    if delivery.returned_for == EXPIRED:
        raise MessageExpired("it waited on its queue longer than allowed")
    if len(delivery.body) > command.max_bytes:
        raise InvalidInput(
            f"the body has {len(delivery.body)} bytes; at most {command.max_bytes} are allowed"
        )
    return command.schema.parse(decode_json(delivery.body))


class MessageExpired(DomainError):
    """The message reached its time limit before it was applied."""

    code, title, status = "expired", "The message came too late", 409
