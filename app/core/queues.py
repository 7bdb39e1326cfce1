"""The names of the exchange and the queues over which the shop talks to others."""

EVENTS_EXCHANGE = "shop.events"
REPORT_QUEUE = "report"
TASK_QUEUE = "taskiq"


def dead_letter_queue(queue: str) -> str:
    """Return the queue that has copies of what cannot be applied of a command queue."""
    return f"{queue}.dlq"


def returned_queue(queue: str) -> str:
    """Return the queue on which the broker puts what leaves a command queue unacknowledged."""
    return f"{queue}.returned"
