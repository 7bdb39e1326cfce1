"""The arguments of the queues that the shop declares."""

from typing import Any

from app.core.queues import returned_queue

# An existing queue can only be declared again with the same arguments, so these never change.
QUORUM: dict[str, Any] = {"x-queue-type": "quorum"}
# Each lost connection counts as a delivery of every message that was delivered over it, including
# healthy ones: the limit only stops endless redelivery.
_DEAD_LETTERING = QUORUM | {
    "x-dead-letter-exchange": "",
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",
    "x-delivery-limit": 10_000,
}
# Without this limit, RabbitMQ 4 drops a message at its 20th delivery.
RETURNED_ARGUMENTS = QUORUM | {"x-delivery-limit": 2**31 - 1}


def command_arguments(queue: str) -> dict[str, Any]:
    """Return the arguments of a command queue."""
    return _DEAD_LETTERING | {"x-dead-letter-routing-key": returned_queue(queue)}
