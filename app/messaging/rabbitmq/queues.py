"""The arguments of the queues that the shop declares."""

from typing import Any

from app.core.queues import returned_queue

# Whoever declares a queue that is there already must give the very same arguments, for ever.
QUORUM: dict[str, Any] = {"x-queue-type": "quorum"}
# Each lost connection counts as a delivery of every message that was delivered over it, innocent
# ones included: the limit only ends what would go round for ever.
_DEAD_LETTERING = QUORUM | {
    "x-dead-letter-exchange": "",
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",
    "x-delivery-limit": 10_000,
}
# Without a limit of its own, RabbitMQ 4 drops a message at its 20th delivery.
RETURNED_ARGUMENTS = QUORUM | {"x-delivery-limit": 2**31 - 1}


def command_arguments(queue: str) -> dict[str, Any]:
    """Return the arguments of a command queue."""
    return _DEAD_LETTERING | {"x-dead-letter-routing-key": returned_queue(queue)}
