"""Task messages in TaskIQ's wire format, so that its workers accept them."""

from collections.abc import Mapping

import msgspec


def task_message(task_id: str, name: str, arguments: Mapping[str, str | None]) -> bytes:
    """Return the message that runs a task."""
    message = {
        "task_id": task_id,
        "task_name": name,
        "labels": {},
        "args": [],
        "kwargs": arguments,
    }
    return msgspec.json.encode(message)


def arguments_in(body: bytes) -> dict[str, str]:
    """Return the arguments of a task from its message."""
    arguments: dict[str, str] = msgspec.json.decode(body)["kwargs"]
    return arguments
