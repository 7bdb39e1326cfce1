"""The names of the exchange and the queues that connect the shop to other systems."""

EVENTS_EXCHANGE = "shop.events"
REPORT_QUEUE = "report"
TASK_QUEUE = "taskiq"


def dead_letter_queue(queue: str) -> str:
    """Return the queue for copies of the messages of a command queue that cannot be applied."""
    return f"{queue}.dlq"


def returned_queue(queue: str) -> str:
    """Return the queue for messages that the broker removes from a command queue unacknowledged."""
    return f"{queue}.returned"
