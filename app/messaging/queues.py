"""The queues that the shop declares, by name and arguments."""

from typing import Any

# Whoever declares a queue that is there already must give the very same arguments, for ever.
QUORUM: dict[str, Any] = {"x-queue-type": "quorum"}
# The shop parks messages itself; the broker's own dead-lettering is a backstop only.
_DEAD_LETTERING = QUORUM | {
    "x-dead-letter-exchange": "",
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",
    "x-delivery-limit": 20,
}


def dead_letter_queue(queue: str) -> str:
    """Return the queue that has copies of what cannot be applied of a command queue."""
    return f"{queue}.dlq"


def command_arguments(queue: str) -> dict[str, Any]:
    """Return the arguments of a command queue."""
    return _DEAD_LETTERING | {"x-dead-letter-routing-key": dead_letter_queue(queue)}
