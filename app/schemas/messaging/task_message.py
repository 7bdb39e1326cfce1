"""Tasks as they go over the queue of tasks: in TaskIQ's wire format, so that its workers take them.

A worker of TaskIQ cannot tell such a message from one that TaskIQ has written.
"""

from collections.abc import Mapping

import msgspec


def task_message(task_id: str, name: str, arguments: Mapping[str, str | None]) -> bytes:
    """Return the message that has a task run."""
    message = {
        "task_id": task_id,
        "task_name": name,
        "labels": {},
        "args": [],
        "kwargs": arguments,
    }
    return msgspec.json.encode(message)


def arguments_in(body: bytes) -> dict[str, str]:
    """Return what a task is to be run with, by its message."""
    arguments: dict[str, str] = msgspec.json.decode(body)["kwargs"]
    return arguments
